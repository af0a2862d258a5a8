"""What the events alone tell of the past: movements of patients, states and occupants of beds, one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from beds.domain.placement import STEPS_ALLOWED, PlacementState

Row = Mapping[str, Any]
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
    payload: Mapping[str, Any]


class Movement(NamedTuple):
    kind: str
    from_bed: str | None
    to_bed: str | None
    moved_at: datetime
    occurred_at: datetime
    moved_by: str
    reason_code: str | None


class Occupant(NamedTuple):
    """Who has had a bed, by a hold or a stay, from when until when; None for a stay that goes on."""

    kind: str
    admission: str
    began_at: datetime
    until: datetime | None


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


def occupants(events: Iterable[Told], reserved: Set[str]) -> Iterator[Occupant]:
    """Those of one bed. A hold ends when it was to end, unless something happens to it before.

    What was `reserved` is left out: its row begins when it was to begin, whenever it was held in fact.
    """
    known: Occupant | None = None
    last: tuple[str, ...] | None = None
    for _, payload in events:
        who = _who(payload)
        if payload["hold_id"] in reserved:
            who = None
        if who == last:
            continue
        if known is not None:
            now = datetime.fromisoformat(payload["changed_at"])
            yield known._replace(until=min(now, known.until or now))
        end = payload["held_until"]
        began_at, until = datetime.fromisoformat(payload["since"]), end and datetime.fromisoformat(end)
        known = None if who is None else Occupant(who[0], payload["admission_id"], began_at, until)
        last = who
    if known is not None:
        yield known


def _who(payload: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What the occupant of a bed is known by: the hold, or the stay from its beginning."""
    match payload["state"]:
        case "held":
            return "hold", payload["hold_id"]
        case "occupied":
            return "stay", payload["admission_id"], payload["since"]
    return None


def past(
    tables: Mapping[str, Sequence[Row]], placements: Mapping[str, list[Told]], beds: Mapping[str, list[Told]]
) -> Iterator[str]:
    """Where the tables of beds and what was told of each placement and bed are not the same, moments included."""
    for placement, told in placements.items():
        states = [None, *(PlacementState(payload["state"]) for _, payload in told)]
        strange = [step for step in pairwise(states) if step[0] is not step[1] and step not in STEPS_ALLOWED]
        yield from (f"{placement} went from {was} to {now}" for was, now in strange)
    yield from _compared("moved", tables["movement"], "admission_id", _movement, placements, movements)
    yield from _compared("was", tables["bed_step"], "bed_id", _step, beds, steps)
    reserved = {str(row["id"]) for row in tables["reservation"]}
    taken = [row for row in tables["occupancy"] if str(row["id"]) not in reserved]
    retell = partial(occupants, reserved=reserved)
    yield from _compared("was taken by", taken, "bed_id", _occupant, beds, retell)


def differences(rows: Mapping[str, Row], told: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Where the rows of a table, by key, and what was told last of each are not the same."""
    for missing in rows.keys() ^ told.keys():
        yield f"{missing} is in {'the table' if missing in rows else 'the topic'} only"
    for one in rows.keys() & told.keys():
        for name, value in told[one].items():
            if name in rows[one] and not _same(rows[one][name], value):
                yield f"{one} has {name} {rows[one][name]} in its table and {value} here"


def _compared(
    verb: str,
    rows: Sequence[Row],
    key: str,
    kept: Callable[[Row], Any],
    told: Mapping[str, list[Told]],
    retell: Callable[[list[Told]], Iterator[Any]],
) -> Iterator[str]:
    by_key: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_key[str(row[key])].append(kept(row))
    for one in by_key.keys() | told.keys():
        ours, theirs = (sorted(each, key=_moment) for each in (by_key[one], retell(told.get(one, []))))
        if ours != theirs:
            yield f"{one} {verb} {ours}, its events tell {theirs}"


def _moment(one: Movement | Step | Occupant) -> datetime:
    return one.moved_at if isinstance(one, Movement) else one.began_at


def _movement(row: Row) -> Movement:
    named = (row["from_bed_id"] and str(row["from_bed_id"]), row["to_bed_id"] and str(row["to_bed_id"]))
    moments = (row["moved_at"], row["occurred_at"])
    return Movement(row["kind"], *named, *moments, row["moved_by"], row["reason_code"])


def _step(row: Row) -> Step:
    return Step(row["began_at"], row["state"])


def _occupant(row: Row) -> Occupant:
    return Occupant(row["kind"], str(row["admission_id"]), row["period"].lower, row["period"].upper)


def _same(stored: Any, told: Any) -> bool:
    match stored:
        case datetime() if told is not None:
            return bool(datetime.fromisoformat(told).astimezone(UTC) == stored)
        case UUID():
            return bool(str(stored) == told)
    return bool(stored == told)
