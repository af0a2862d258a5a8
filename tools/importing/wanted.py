"""From rows to the departments, rooms and beds that the files want, and where they contradict themselves."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.importing.columns import COLUMNS, Kind, Unread
from tools.importing.findings import Finding, Place, elsewhere
from tools.importing.reading import Row, Sheet

Key = tuple[str, ...]
"""The code of a department; of a department and a room of it; of a department and a bed of it."""
_ITSELF = ("code",)


@dataclass(slots=True)
class Thing:
    """A department, room or bed, where it is first named, and what its rows say of it. `room` is a bed's."""

    place: Place
    facts: dict[str, object] = field(default_factory=dict)
    said_at: dict[str, Place] = field(default_factory=dict)
    room: str | None = None


@dataclass(slots=True)
class Wanted:
    """All that the files name. An empty cell says nothing: a room is what any of its rows says of it."""

    things: dict[Kind, dict[Key, Thing]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    errors: list[Finding] = field(default_factory=list)

    def wrong(self, place: Place, column: str | None, sentence: str) -> None:
        self.errors.append(Finding(place, column, sentence))


def understand(sheets: Iterable[Sheet]) -> Wanted:
    """Every row, with the errors of the sheets first."""
    wanted = Wanted()
    for sheet in sheets:
        wanted.errors += sheet.errors
        for row in sheet.rows:
            _take(wanted, row, sheet.columns)
    wanted.errors.sort(key=lambda error: error.place)
    return wanted


def _take(wanted: Wanted, row: Row, columns: list[str]) -> None:
    said: dict[Kind, dict[str, object]] = {kind: {} for kind in Kind}
    for name in columns:
        column = COLUMNS[name]
        if name in row.cells:
            try:
                said[column.kind][column.field] = column.read(row.cells[name])
            except Unread as why:
                wanted.wrong(row.place, name, str(why))
        elif column.required:
            wanted.wrong(row.place, name, "The value is missing. Every row needs it.")
    department, room, bed = (said[kind].get("code") for kind in Kind)
    if not isinstance(department, str):
        return
    _merge(wanted, Kind.DEPARTMENT, (department,), row.place, said)
    if isinstance(room, str):
        _merge(wanted, Kind.ROOM, (department, room), row.place, said)
    if isinstance(bed, str):
        _add_bed(wanted, (department, bed), row.place, said)


def _merge(wanted: Wanted, kind: Kind, key: Key, place: Place, said: dict[Kind, dict[str, object]]) -> None:
    thing = wanted.things[kind].setdefault(key, Thing(place))
    for fact, value in said[kind].items():
        if fact in _ITSELF:
            continue
        if fact not in thing.facts:
            thing.facts[fact], thing.said_at[fact] = value, place
        elif thing.facts[fact] != value:
            other = elsewhere(thing.said_at[fact], place)
            wanted.wrong(
                place,
                column_of(kind, fact),
                f"{kind.capitalize()} {key[-1]} is “{shown(value)}” here and “{shown(thing.facts[fact])}” in {other}. "
                "Make them agree.",
            )


def _add_bed(wanted: Wanted, key: Key, place: Place, said: dict[Kind, dict[str, object]]) -> None:
    beds = wanted.things[Kind.BED]
    if first := beds.get(key):
        other = elsewhere(first.place, place)
        wanted.wrong(
            place,
            "bed_code",
            f"Bed {key[1]} of {key[0]} is in {other} already. Remove one of them, or give it another code.",
        )
        return
    facts = {fact: value for fact, value in said[Kind.BED].items() if fact not in _ITSELF}
    room = said[Kind.ROOM].get("code")
    beds[key] = Thing(place, facts, dict.fromkeys(facts, place), room if isinstance(room, str) else None)


def column_of(kind: Kind, fact: str) -> str:
    return next(name for name, column in COLUMNS.items() if (column.kind, column.field) == (kind, fact))


def shown(value: object) -> str:
    """A value as the file would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(value)
    return "" if value is None else str(value)
