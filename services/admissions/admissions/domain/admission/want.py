"""What is asked for a patient, and what beds answers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from admissions.domain.admission.states import PresenceState
from admissions.domain.needs import Needs


class Priority(StrEnum):
    """How urgent an admission is (HL7 table 0007), the most urgent first."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ELECTIVE = "elective"


@dataclass(frozen=True, slots=True)
class Asked:
    """A bed in a department, or one certain bed of it."""

    department_id: UUID
    bed_id: UUID | None
    priority: Priority
    needs: Needs
    ready: bool


@dataclass(frozen=True, slots=True)
class Want(Asked):
    """What was asked for, and since when the patient of this stay has waited for a bed, whatever was asked meanwhile.

    That time decides who goes first, not the one at which beds heard of it.
    """

    requested_at: datetime

    @classmethod
    def of(cls, asked: Asked, requested_at: datetime) -> "Want":
        return cls(
            asked.department_id,
            asked.bed_id,
            asked.priority,
            asked.needs,
            asked.ready,
            requested_at=requested_at,
        )


class Answer(NamedTuple):
    """What beds says of the placement of this admission. `since` is when that came to be, as it was reported."""

    version: int
    want_version: int
    state: PresenceState
    refusal: str | None
    department_id: UUID | None
    bed_id: UUID | None
    held_until: datetime | None
    since: datetime | None = None
