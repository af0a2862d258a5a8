"""The columns of the file: which there are, of what they speak, and how a cell is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter, ValidationError

from beds.domain.layout import AgeBand, LevelOfCare, SexPolicy
from beds.schemas.needs import Codes
from common.web import Code, Line
from tools.importing.findings import meant

_CODE: TypeAdapter[str] = TypeAdapter(Code)
_LINE: TypeAdapter[str] = TypeAdapter(Line)
_CODES: TypeAdapter[list[str]] = TypeAdapter(Codes)
_TRUTH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Kind(StrEnum):
    """What is made, in this order."""

    DEPARTMENT = "department"
    ROOM = "room"
    BED = "bed"


#: Of a cot the bed beside which it stands; in the files its code, which no other bed of the department has.
COT_OF = "cot_of_bed_id"


class Unread(ValueError):
    """A cell that cannot be read. The message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Column:
    """`field` is what the API calls it. `read` takes a cell that is not empty and raises `Unread`."""

    kind: Kind
    field: str
    read: Callable[[str], object]
    required: bool = False


def _code(cell: str) -> str:
    try:
        return _CODE.validate_python(cell)
    except ValidationError:
        raise Unread(
            f"“{cell}” is no code. Write at most 40 letters, digits, dots, hyphens and underscores, "
            "a letter or digit first."
        ) from None


def _line(cell: str) -> str:
    try:
        return _LINE.validate_python(cell)
    except ValidationError:
        raise Unread("This is no name. Write at most 200 characters.") from None


def _codes(cell: str) -> list[str]:
    codes = [_code(one) for one in cell.replace(";", " ").split()]
    try:
        return _CODES.validate_python(codes)
    except ValidationError:
        raise Unread("These are too many. A bed has at most 20 pieces of equipment.") from None


def _truth(cell: str) -> bool:
    return bool(_one_of(_TRUTH, cell))


def _word(words: type[StrEnum]) -> Callable[[str], str]:
    table = {word.value: word.value for word in words}
    return lambda cell: _one_of(table, cell)


def _one_of(table: Mapping[str, Any], cell: str) -> Any:
    word = cell.lower()
    if word not in table:
        raise Unread(f"“{cell}” is not known. Write one of {', '.join(table)}.{meant(word, list(table))}")
    return table[word]


#: By the name in the header. What is not required may be left out, as a cell or as a column.
COLUMNS: Mapping[str, Column] = {
    "department_code": Column(Kind.DEPARTMENT, "code", _code, required=True),
    "department_name": Column(Kind.DEPARTMENT, "name", _line),
    "room_code": Column(Kind.ROOM, "code", _code, required=True),
    "sex_policy": Column(Kind.ROOM, "sex_policy", _word(SexPolicy)),
    "negative_pressure": Column(Kind.ROOM, "negative_pressure", _truth),
    "age_band": Column(Kind.ROOM, "age_band", _word(AgeBand)),
    "level_of_care": Column(Kind.ROOM, "level_of_care", _word(LevelOfCare)),
    "specialty": Column(Kind.ROOM, "specialty", _code),
    "bed_code": Column(Kind.BED, "code", _code, required=True),
    "equipment": Column(Kind.BED, "equipment", _codes),
    "cot_of": Column(Kind.BED, COT_OF, _code),
}
REQUIRED = [name for name, column in COLUMNS.items() if column.required]
