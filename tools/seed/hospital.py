"""What the demo hospital has: four wards with forty beds, and a user for each role."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Ward:
    """A department. `rooms` gives the codes of the beds of each room."""

    code: str
    name: str
    rooms: dict[str, tuple[str, ...]]


def _rooms(numbers: Iterator[int] | range, beds: str = "AB") -> dict[str, tuple[str, ...]]:
    return {str(number): tuple(f"{number}{letter}" for letter in beds) for number in numbers}


WARDS = (
    Ward("4W", "4 West, medical-surgical", _rooms(range(401, 408))),
    Ward("5E", "5 East, surgery", _rooms(range(501, 507))),
    Ward("ICU", "Intensive care", {f"I{number}": (f"I{number}",) for number in range(1, 7)}),
    Ward("EDO", "Emergency observation", {f"E{n}": (f"E{n}A", f"E{n}B") for n in range(1, 5)}),
)

#: The first act on a new bed, by department and bed, where it is not simply made ready.
OUT_OF_USE = {("ICU", "I6"): "block", ("5E", "506B"): "close"}
BLOCK_REASON = "repair"


@dataclass(frozen=True, slots=True)
class Person:
    """A demo user. `wards` are department codes; none means all departments."""

    username: str
    role: str
    wards: tuple[str, ...] = field(default=())


BED_MANAGER, CHARGE_NURSE, HOUSEKEEPING = "bed_manager", "charge_nurse", "housekeeping"
PEOPLE = (
    Person("nurse", "nurse", ("4W",)),
    Person("nurse.icu", "nurse", ("ICU",)),
    Person(CHARGE_NURSE, "charge_nurse", ("4W",)),
    Person("physician", "physician", ("4W", "5E")),
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
