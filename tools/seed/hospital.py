"""What the demo hospital has: twelve wards with 286 beds and 6 cots, and a user for each role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

Facts = Mapping[str, object]
"""What is sent of a room or bed beside its code."""
_NONE: Facts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Room:
    """`beds` are the codes of its beds; `facts` say for whom it is, `equipment` what each of its beds has.

    With `cots` there is one beside each bed, with its code and a C.
    """

    code: str
    beds: tuple[str, ...]
    facts: Facts = field(default_factory=dict)
    equipment: tuple[str, ...] = ()
    cots: bool = False


def cot_beside(bed: str) -> str:
    return f"{bed}C"


@dataclass(frozen=True, slots=True)
class Ward:
    """A department."""

    code: str
    name: str
    rooms: tuple[Room, ...]


def _double(
    numbers: Iterable[int], facts: Facts = _NONE, equipment: tuple[str, ...] = ()
) -> tuple[Room, ...]:
    return tuple(Room(f"{n}", (f"{n}A", f"{n}B"), facts, equipment) for n in numbers)


def _with_cots(rooms: Iterable[Room]) -> tuple[Room, ...]:
    return tuple(replace(room, cots=True) for room in rooms)


def _single(codes: Iterable[str], facts: Facts = _NONE, equipment: tuple[str, ...] = ()) -> tuple[Room, ...]:
    return tuple(Room(code, (code,), facts, equipment) for code in codes)


def _isolation(number: int) -> Room:
    """A single room whose air stays in it."""
    return Room(f"{number}", (f"{number}",), {"negative_pressure": True}, ("oxygen",))


_INTENSIVE = {"level_of_care": "intensive"}
_STEP_DOWN = {"level_of_care": "step_down"}
_CHILDREN = {"age_band": "child", "specialty": "paediatrics"}
_NEONATES = {"age_band": "neonate", "level_of_care": "intensive", "specialty": "neonatology"}
_MATERNITY = {"sex_policy": "female", "specialty": "obstetrics"}
_HEART = {"specialty": "cardiology"}

WARDS = (
    Ward("4W", "4 West, medical-surgical", _double(range(401, 408), equipment=("oxygen",))),
    Ward("5E", "5 East, surgery", _double(range(501, 507), equipment=("oxygen",))),
    Ward(
        "ICU", "Intensive care", _single((f"I{n}" for n in range(1, 7)), _INTENSIVE, ("oxygen", "ventilator"))
    ),
    Ward("EDO", "Emergency observation", tuple(Room(f"E{n}", (f"E{n}A", f"E{n}B")) for n in range(1, 5))),
    Ward("6N", "6 North, medicine", (*_double(range(601, 617)), _isolation(617), _isolation(618))),
    Ward("6S", "6 South, oncology", _double(range(631, 647), {"specialty": "oncology"}, ("oxygen",))),
    Ward("7E", "7 East, cardiology", _double(range(701, 717), _HEART, ("oxygen", "telemetry"))),
    Ward("7W", "7 West, orthopaedics", _double(range(731, 749), equipment=("traction",))),
    Ward("8N", "8 North, step-down", _double(range(801, 813), _STEP_DOWN, ("oxygen", "telemetry"))),
    Ward(
        "MAT",
        "Maternity",
        (*_with_cots(_double(range(301, 304), _MATERNITY)), *_double(range(304, 317), _MATERNITY)),
    ),
    Ward("PED", "Children", _double(range(201, 217), _CHILDREN)),
    Ward(
        "NICU", "Neonatal intensive care", _single((f"N{n}" for n in range(1, 25)), _NEONATES, ("incubator",))
    ),
)

_OF_THE_TOUR = 4


def needs_in_room(facts: Facts) -> dict[str, object]:
    """What has to be known of whoever is put into such a room: the sex or the age that it is for."""
    asked = {"sex": facts.get("sex_policy"), "age_band": facts.get("age_band")}
    return {name: word for name, word in asked.items() if word not in (None, "any", "first_occupant")}


def needs_in(code: str) -> dict[str, object]:
    """The same of the rooms of a ward, which are all for the same patients."""
    return needs_in_room(next(ward.rooms[0].facts for ward in WARDS if ward.code == code))


class Size(StrEnum):
    """`small` are the four wards of the tour, for who has no eleven seconds."""

    SMALL = "small"
    FULL = "full"


def wards_of(size: Size) -> tuple[Ward, ...]:
    return WARDS if size is Size.FULL else WARDS[:_OF_THE_TOUR]


#: The first act on a new bed, by department and bed, where it is not simply made ready.
OUT_OF_USE = {("ICU", "I6"): "block", ("5E", "506B"): "close"}
BLOCK_REASON = "repair"


@dataclass(frozen=True, slots=True)
class Person:
    """A demo user. `wards` are department codes; none means all departments."""

    username: str
    role: str
    wards: tuple[str, ...] = field(default=())


BED_MANAGER, PHYSICIAN, HOUSEKEEPING = "bed_manager", "physician", "housekeeping"
CHARGE_NURSE = "charge_nurse"
PEOPLE = (
    Person("nurse", "nurse", ("4W",)),
    Person("nurse.icu", "nurse", ("ICU",)),
    Person(CHARGE_NURSE, "charge_nurse", ("4W",)),
    Person(PHYSICIAN, "physician"),
    Person(BED_MANAGER, "bed_manager"),
    Person("unit_manager", "unit_manager", ("4W", "5E")),
    Person(HOUSEKEEPING, "housekeeping"),
    Person("staffing_coordinator", "staffing_coordinator"),
    Person("credentialing_officer", "credentialing_officer"),
    Person("staff", "staff", ("4W",)),
    Person("agency", "agency", ("4W",)),
    Person("auditor", "auditor"),
    Person("integration", "integration"),
)
