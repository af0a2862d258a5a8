"""Departments and rooms: the fixed places of the hospital, and for whom a room is."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.errors import Refusal
from common.stamp import Stamp, version_tag


class CodeTaken(Refusal):
    code = "code_taken"
    sentence = "Another one has this code already. Choose a different code."


class DepartmentInUse(Refusal):
    code = "department_in_use"
    sentence = "A bed of this department is occupied or held. Move the patients and release the holds first."


class RoomInUse(Refusal):
    code = "room_in_use"
    sentence = "A bed of this room is still open. Close its beds first."


class RoomOutOfUse(Refusal):
    code = "room_out_of_use"
    sentence = "The room of this bed is out of use. Put the bed into another room first."


class DepartmentClosed(Refusal):
    code = "department_closed"
    sentence = "This department is closed."


class DepartmentState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Department:
    """A ward or unit. `code` is what people say (`4W`), unique in the hospital."""

    id: UUID
    code: str
    name: str
    state: DepartmentState
    version: int
    changed_at: datetime
    changed_by: str

    def tag(self) -> str:
        return version_tag(self.version)

    def changed(self, stamp: Stamp, *, code: str | None, name: str | None) -> "Department":
        return replace(
            self,
            code=code or self.code,
            name=name or self.name,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def closed(self, stamp: Stamp) -> "Department":
        if self.state is DepartmentState.CLOSED:
            raise DepartmentClosed
        return replace(
            self,
            state=DepartmentState.CLOSED,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )


class SexPolicy(StrEnum):
    """Who shares a room: fixed, or decided by whoever is in it first."""

    ANY = "any"
    FEMALE = "female"
    MALE = "male"
    FIRST_OCCUPANT = "first_occupant"


class AgeBand(StrEnum):
    ANY = "any"
    ADULT = "adult"
    CHILD = "child"
    NEONATE = "neonate"


class LevelOfCare(StrEnum):
    """How much can be done for a patient, the least first."""

    WARD = "ward"
    STEP_DOWN = "step_down"
    INTENSIVE = "intensive"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFacts:
    """For whom a room is: what the placement rules go by (domain §3). Left out, it is for everybody on a ward."""

    sex_policy: SexPolicy = SexPolicy.ANY
    negative_pressure: bool = False
    """Air flows in and not out: airborne isolation is possible."""
    age_band: AgeBand = AgeBand.ANY
    level_of_care: LevelOfCare = LevelOfCare.WARD
    specialty: str | None = None


@dataclass(frozen=True, slots=True)
class Room(RoomFacts):
    """A room of a department; an inactive one takes no new beds."""

    id: UUID
    department_id: UUID
    code: str
    active: bool
    version: int
    changed_at: datetime
    changed_by: str

    def tag(self) -> str:
        return version_tag(self.version)

    def changed(self, stamp: Stamp, **changes: Any) -> "Room":
        """Its code, whether it is active, or what is known of it."""
        return replace(
            self,
            **changes,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )
