"""What the board and the reports show."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from beds.domain.bed import BedState
from beds.domain.cleaning import CleaningPriority, CleaningState, CleaningType
from beds.domain.layout import AgeBand, DepartmentState, LevelOfCare, SexPolicy
from beds.domain.placement import PlacementState, Priority, Unplaced
from beds.domain.transfer import TransferState
from beds.schemas import BedStatus


class BedFlag(StrEnum):
    RETURN_OVERDUE = "return_overdue"
    """Blocked for longer than was expected."""


class PlacementFlag(StrEnum):
    INCOMING = "incoming"
    """Is to come from another department."""
    WAITS_FOR_A_PERSON = "waits_for_a_person"
    """Queued, and not given a bed by itself: somebody has to hold one."""
    RESERVED = "reserved"
    """A bed is reserved for later, and no other one is given by itself."""


class JobFlag(StrEnum):
    LATE = "late"
    """Has missed a target."""


class BoardDepartment(BaseModel):
    id: UUID
    code: str
    name: str
    state: DepartmentState


class BoardRoom(BaseModel):
    id: UUID
    code: str
    sex_policy: SexPolicy
    negative_pressure: bool
    age_band: AgeBand
    level_of_care: LevelOfCare
    specialty: str | None


class BoardBed(BaseModel):
    id: UUID
    code: str
    room_id: UUID | None
    state: BedState
    status: BedStatus
    hl7_status: str
    held: bool
    since: datetime
    hold_id: UUID | None
    held_until: datetime | None
    admission_id: UUID | None = Field(description="whose placement has the patient")
    last_sanitized_at: datetime | None
    block_reason_code: str | None
    return_expected_at: datetime | None
    equipment: list[str]
    cot_of_bed_id: UUID | None
    version: int
    flags: list[BedFlag]


class BoardPlacement(BaseModel):
    admission_id: UUID
    patient_id: UUID
    state: PlacementState
    department_id: UUID
    bed_id: UUID | None
    offer_id: UUID | None = Field(description="the bed is offered, and nobody has decided yet")
    since: datetime
    refusal: Unplaced | None
    priority: Priority | None = Field(description="with `ready`: what the admission wants")
    ready: bool | None
    needs: dict[str, Any] = Field(description="what the patient needs, as it was last said")
    version: int
    flags: list[PlacementFlag]


class BoardTransfer(BaseModel):
    id: UUID
    admission_id: UUID
    from_department_id: UUID = Field(description="where the patient is now")
    department_id: UUID
    state: TransferState
    bed_id: UUID | None = Field(description="held for the patient until then")
    held_until: datetime | None
    needs: dict[str, Any] = Field(description="what the patient needs there")
    requested_at: datetime
    version: int


class BoardReservation(BaseModel):
    id: UUID
    bed_id: UUID = Field(description="kept from others in this time, and given to nobody who waits before it")
    admission_id: UUID
    starts_at: datetime
    ends_at: datetime
    version: int


class BoardJob(BaseModel):
    id: UUID
    bed_id: UUID
    type: CleaningType
    priority: CleaningPriority
    state: CleaningState
    requested_at: datetime
    accepted_at: datetime | None
    accepted_by: str | None
    started_at: datetime | None
    completed_at: datetime | None
    due_at: datetime | None
    version: int
    flags: list[JobFlag]


class Board(BaseModel):
    """A department at one moment. Beds by code; placements and cleaning jobs the longest waiting first."""

    department: BoardDepartment
    rooms: list[BoardRoom]
    beds: list[BoardBed] = Field(description="all but the closed")
    placements: list[BoardPlacement] = Field(
        description="who has a bed here, who waits for one, and who is to come"
    )
    transfers: list[BoardTransfer] = Field(description="under way, to this department or from it")
    reservations: list[BoardReservation] = Field(description="of these beds, the earliest first")
    cleaning_jobs: list[BoardJob] = Field(description="to be done, or done and waiting to be inspected")
