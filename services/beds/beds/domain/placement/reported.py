"""The time that a person reports, beside the one at which it is recorded (domain, *Two times*)."""

from datetime import datetime, timedelta

from common.errors import FieldError, Invalid

REPORTED_BACK = timedelta(hours=24)
"""How far back a reported time may lie: wards document late."""


def check_reported(occurred_at: datetime, last_movement: datetime | None, now: datetime) -> None:
    """A reported time lies in the last 24 hours, not in the future and not before the last movement."""
    earliest = now - REPORTED_BACK
    if max(last_movement or earliest, earliest) <= occurred_at <= now:
        return
    raise Invalid(
        errors=[
            FieldError(
                field="body.occurred_at",
                code="not_plausible",
                message="within the last 24 hours, not in the future, not before the last movement",
            )
        ]
    )
