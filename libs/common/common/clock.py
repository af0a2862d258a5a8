"""Times: UTC everywhere, RFC 3339 with `Z` at the edges. An act takes its time from the database."""

from datetime import UTC, datetime, timedelta

INSTANT = timedelta(microseconds=1)


def utc_now() -> datetime:
    """This process's clock: for logs, tokens and timeouts, never for the time of an act."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """`2026-11-24T10:00:00.456789Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
