"""Departments and rooms: the fixed places of the hospital."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
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


@dataclass(frozen=True, slots=True)
class Room:
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

    def changed(self, stamp: Stamp, *, code: str | None = None, active: bool | None = None) -> "Room":
        return replace(
            self,
            code=code or self.code,
            active=self.active if active is None else active,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )
