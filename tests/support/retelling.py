"""What the events alone tell of the past: every movement of a patient and every state of a bed, one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

Json = dict[str, Any]
#: What is told of each kind of movement but those that take one back.
KINDS = {
    "arrived": "arrival",
    "moved": "move",
    "left_on_leave": "leave",
    "returned": "return",
    "departed": "departure",
}


class Told(NamedTuple):
    """One event: the last word of its type before the version, and its payload."""

    what: str
    payload: Json


class Movement(NamedTuple):
    kind: str
    from_bed: str | None
    to_bed: str | None
    moved_at: datetime
    occurred_at: datetime
    moved_by: str
    reason_code: str | None


class Step(NamedTuple):
    """The state in which a bed was from a moment on."""

    began_at: datetime
    state: str


def movements(events: Iterable[Told]) -> Iterator[Movement]:
    """Those of one placement, whose events come in their order."""
    bed: str | None = None
    for what, payload in events:
        before, bed = bed, payload["bed_id"]
        kind = f"{payload['of']}_reversed" if what == "reversed" else KINDS.get(what)
        if kind is None:
            continue
        moved_at = datetime.fromisoformat(payload["changed_at"])
        occurred_at = payload.get("occurred_at")
        yield Movement(
            kind,
            None if kind == "arrival" else before,
            bed,
            moved_at,
            datetime.fromisoformat(occurred_at) if occurred_at else moved_at,
            payload["changed_by"],
            payload["left_reason_code"] if kind == "departure" else payload.get("reason_code"),
        )


def steps(events: Iterable[Told]) -> Iterator[Step]:
    """Those of one bed. Of two at one moment, as in a swap, the later is what it was in from then on."""
    known: dict[datetime, str] = {}
    last = None
    for _, payload in events:
        if payload["state"] != last:
            last = payload["state"]
            known[datetime.fromisoformat(payload["since"])] = last
    yield from (Step(began_at, state) for began_at, state in known.items())
