"""The columns beside the leaf: copies of what it says, for filters. Total: what cannot be a filter is left empty."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from audit.leaf import Record
from common.envelope import Received

SUCCESS = "success"
_MAX_TEXT = 200
_EVENT_TYPE = re.compile(r"hospital\.[a-z_]+\.([a-z_]+)\.([a-z_]+)\.v[0-9]+")
_WORD = re.compile(r"[a-z_]{1,40}")


class Copies(NamedTuple):
    """In the order of the columns. All but the time are None for a record that is no event."""

    occurred_at: datetime
    event_id: str | None = None
    event_type: str | None = None
    actor: str | None = None
    action: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    patient_id: UUID | None = None
    outcome: str | None = None
    correlation_id: str | None = None


def copies(record: Record, event: Received | None, recorded_at: datetime) -> tuple[Copies, frozenset[UUID]]:
    """The columns, and every patient that the entry concerns (an access event may name hundreds)."""
    if event is None:
        return Copies(_moment(None, record, recorded_at)), frozenset()
    kind = _EVENT_TYPE.fullmatch(event.type)
    aggregate, action = kind.groups() if kind else (None, None)
    entity_type, _, entity_id = (event.subject or "").partition("/")
    patient_id = _uuid(entity_id if entity_type == "patient" else event.payload.get("patient_id"))
    outcome = event.payload.get("outcome", SUCCESS)
    found = Copies(
        occurred_at=_moment(event.time, record, recorded_at),
        event_id=event.id,
        event_type=_text(event.type),
        actor=_text(event.actor),
        action=action,
        entity_type=_text(entity_type),
        entity_id=_text(entity_id),
        patient_id=patient_id,
        outcome=outcome if isinstance(outcome, str) and _WORD.fullmatch(outcome) else SUCCESS,
        correlation_id=_text(event.correlation_id),
    )
    return found, frozenset(_patients(patient_id, aggregate, event.payload))


def _patients(patient_id: UUID | None, aggregate: str | None, payload: Mapping[str, Any]) -> Iterable[UUID]:
    named = payload.get("subjects") if aggregate == "access" else None
    for candidate in (patient_id, *(named if isinstance(named, list) else ())):
        if (found := _uuid(candidate)) is not None:
            yield found


def _moment(time: str | None, record: Record, recorded_at: datetime) -> datetime:
    """When it happened: as the event says, else when Kafka got it, else when the log did."""
    try:
        return _utc(datetime.fromisoformat(time or ""))
    except (ValueError, OverflowError):
        pass
    try:
        return datetime.fromtimestamp(record.timestamp / 1000, UTC) if record.timestamp > 0 else recorded_at
    except (ValueError, OverflowError, OSError, TypeError):
        return recorded_at


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without an offset is not a moment")
    return moment.astimezone(UTC)


def _text(value: str) -> str | None:
    return value if 0 < len(value) <= _MAX_TEXT and "\0" not in value else None


def _uuid(value: object) -> UUID | None:
    try:
        return value if isinstance(value, UUID) else UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
