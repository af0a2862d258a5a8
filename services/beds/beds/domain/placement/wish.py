"""What an admission wants of beds."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from beds.domain.rules.needs import Needs


class Priority(StrEnum):
    """How urgent an admission is (HL7 table 0007), the most urgent first."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ELECTIVE = "elective"


@dataclass(frozen=True, slots=True)
class Want:
    """What an admission wants since `requested_at`: a bed in a department, or one certain bed of it.

    While the patient is not `ready` to move, no bed is held by itself.
    """

    department_id: UUID
    bed_id: UUID | None
    priority: Priority
    needs: Needs
    ready: bool
    requested_at: datetime

    @property
    def place(self) -> tuple[UUID, UUID | None]:
        """Where it is wanted, whoever is to lie there."""
        return self.department_id, self.bed_id

    def waited_since(self, now: datetime) -> datetime:
        """The wait did not begin when beds heard of it; clocks of two services may differ."""
        return min(self.requested_at, now)


class Wish(NamedTuple):
    """What the admission says now: its want (None: nothing), which version, for which stay, and whether in error."""

    admission_id: UUID
    patient_id: UUID
    want: Want | None
    want_version: int
    stay_number: int
    entered_in_error: bool = False
