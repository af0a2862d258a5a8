"""What the log is asked for and what it answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import BaseModel

from audit.leaf import Kind
from audit.summaries import summary
from common.web import Line, NearInstant

_AS_COLUMNS = (
    *("index", "recorded_at", "occurred_at", "actor", "action", "event_type", "entity_type", "entity_id"),
    *("patient_id", "outcome", "correlation_id", "kind"),
)


class Source(BaseModel):
    """Where the record stands in Kafka."""

    topic: str
    partition: int
    offset: int


class Entry(BaseModel):
    """One entry of the log. What a filter asks for is None where the record was no event."""

    index: int
    recorded_at: datetime
    occurred_at: datetime
    actor: str | None
    action: str | None
    event_type: str | None
    entity_type: str | None
    entity_id: str | None
    patient_id: UUID | None
    outcome: str | None
    correlation_id: str | None
    kind: Kind | None
    summary: str
    metadata: Any
    leaf_hash: str
    source: Source


class Wanted:
    """Which entries are wanted: all that match every filter that is given."""

    def __init__(
        self,
        actor: Annotated[Line | None, Query(description="user/<id> or service/<name>")] = None,
        action: Annotated[Line | None, Query(description="the past-tense word of the event")] = None,
        entity: Annotated[Line | None, Query(description="a type such as bed, or bed/<id>")] = None,
        patient_id: UUID | None = None,
        outcome: Line | None = None,
        correlation_id: Line | None = None,
        since: Annotated[NearInstant | None, Query(alias="from", description="inclusive")] = None,
        until: Annotated[NearInstant | None, Query(alias="to", description="exclusive")] = None,
    ) -> None:
        entity_type, _, entity_id = (entity or "").partition("/")
        asked: Mapping[str, str | UUID | datetime | None] = {
            "actor": actor,
            "action": action,
            "entity_type": entity_type or None,
            "entity_id": entity_id or None,
            "patient_id": patient_id,
            "outcome": outcome,
            "correlation_id": correlation_id,
            "since": since,
            "until": until,
        }
        self.filters = {name: value for name, value in asked.items() if value is not None}
        self.patients = () if patient_id is None else (patient_id,)


Wanting = Annotated[Wanted, Depends()]


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry as the API shows it."""
    return {
        **{name: row[name] for name in _AS_COLUMNS},
        "summary": summary(row["event_type"], row["kind"]),
        "metadata": metadata(row["leaf"]),
        "leaf_hash": row["leaf_hash"].hex(),
        "source": {"topic": row["topic"], "partition": row["partition"], "offset": row["record_offset"]},
    }


def metadata(leaf: bytes) -> Any:
    """The event's payload, from the leaf itself; None where it has none that can be read."""
    record = orjson.loads(leaf)
    try:
        body = orjson.loads(record["value"])
    except (ValueError, TypeError):
        return None
    structured = any(
        name == "content-type" and str(value).startswith("application/cloudevents+json")
        for name, value in record["headers"]
    )
    return body.get("data") if structured and isinstance(body, dict) else body
