"""What is wanted against what is there: what will be made, and what is kept as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.importing.columns import COT_OF, Kind
from tools.importing.findings import Finding
from tools.importing.wanted import Key, Thing, Wanted, column_of, shown


@dataclass(frozen=True, slots=True)
class There:
    """What is open in the hospital, as the API shows it; a bed with the code of its room as `room`.

    `closed` is what is out of use; its codes are free.
    """

    things: Mapping[Kind, Mapping[Key, Mapping[str, Any]]] = field(
        default_factory=lambda: {kind: {} for kind in Kind}
    )
    closed: frozenset[tuple[Kind, Key]] = frozenset()


@dataclass(slots=True)
class Plan:
    """`made` is what is not there, to be made. Nothing is made where there are errors."""

    made: dict[Kind, dict[Key, Thing]]
    kept: dict[Kind, list[Key]]
    remarks: list[Finding]
    errors: list[Finding]

    def size(self) -> int:
        return sum(map(len, self.made.values()))


def plan(wanted: Wanted, there: There) -> Plan:
    """What is there is never changed: where the files say something else of it, that is remarked."""
    made: dict[Kind, dict[Key, Thing]] = {kind: {} for kind in Kind}
    kept: dict[Kind, list[Key]] = {kind: [] for kind in Kind}
    drawn = Plan(made, kept, [], list(wanted.errors))
    for kind, things in wanted.things.items():
        for key, thing in things.items():
            present = there.things[kind].get(key)
            if present is None:
                drawn.made[kind][key] = thing
                if (kind, key) in there.closed:
                    sentence = f"{kind.capitalize()} {key[-1]} was closed and stays so. A new one is made."
                    drawn.remarks.append(Finding(thing.place, f"{kind}_code", sentence))
            else:
                drawn.kept[kind].append(key)
                drawn.remarks += _differences(kind, key, thing, present)
    for (code,), department in made[Kind.DEPARTMENT].items():
        if "name" not in department.facts:
            sentence = (
                f"There is no department {code}. Correct the code, or name it in department_name to open it."
            )
            drawn.errors.append(Finding(department.place, "department_code", sentence))
    for key, bed in made[Kind.BED].items():
        drawn.errors += _errors_of_cot(key, bed, wanted, there)
    drawn.remarks.sort(key=lambda remark: remark.place)
    drawn.errors.sort(key=lambda error: error.place)
    return drawn


def _errors_of_cot(key: Key, cot: Thing, wanted: Wanted, there: There) -> list[Finding]:
    """That it stands beside a bed of its room, which is no cot."""
    if COT_OF not in cot.facts:
        return []
    code = str(cot.facts[COT_OF])
    beside = wanted.things[Kind.BED].get((key[0], code))
    present = there.things[Kind.BED].get((key[0], code))
    if present is not None:
        room, is_cot = present["room"], present[COT_OF] is not None
    elif beside is not None:
        room, is_cot = beside.room, COT_OF in beside.facts
    else:
        return [_wrong_cot(cot, f"There is no bed {code} in {key[0]}. Correct the code, or add the bed.")]
    if is_cot:
        return [_wrong_cot(cot, f"{code} is a cot itself. Name the bed of the mother.")]
    if room != cot.room:
        where = f"in room {room}" if room else "in no room"
        sentence = f"A cot stands in the room of its bed, and {code} is {where}. Correct one of them."
        return [_wrong_cot(cot, sentence)]
    return []


def _wrong_cot(cot: Thing, sentence: str) -> Finding:
    return Finding(cot.said_at[COT_OF], column_of(Kind.BED, COT_OF), sentence)


def _differences(kind: Kind, key: Key, thing: Thing, present: Mapping[str, Any]) -> list[Finding]:
    found = [
        Finding(
            thing.said_at[fact],
            column_of(kind, fact),
            f"{kind.capitalize()} {key[-1]} is there as “{shown(present[fact])}” and is kept so, not “{shown(value)}”.",
        )
        for fact, value in thing.facts.items()
        if present[fact] != value
    ]
    if kind is Kind.BED and thing.room and present["room"] != thing.room:
        where = f"in room {present['room']}" if present["room"] else "in no room"
        sentence = f"Bed {key[1]} is there {where} and stays there, not in {thing.room}."
        found.append(Finding(thing.place, "room_code", sentence))
    return found
