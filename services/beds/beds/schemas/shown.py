"""What the API shows (contract §2, §3)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from beds.domain.bed import BedState
from beds.domain.cleaning import CleaningPriority, CleaningState, CleaningType
from beds.domain.layout import AgeBand, DepartmentState, LevelOfCare, SexPolicy
from beds.domain.movement import MovementKind
from beds.domain.offer import OfferState
from beds.domain.placement import PlacementState, Unplaced
from beds.domain.reservation import ReservationState
from beds.domain.transfer import TransferState


class BedStatus(StrEnum):
    """The seeds' word for the state of a bed."""

    AVAILABLE = "available"
    OCCUPIED = "occupied"
    CLEANING = "cleaning"
    MAINTENANCE = "maintenance"


class TargetsView(BaseModel):
    response: int
    cleaning: int
    turnaround: int


class _Shown(BaseModel):
    version: int
    changed_at: datetime
    changed_by: str


class DepartmentView(_Shown):
    id: UUID
    code: str
    name: str
    state: DepartmentState


class RoomView(_Shown):
    id: UUID
    department_id: UUID
    code: str
    active: bool
    sex_policy: SexPolicy
    negative_pressure: bool
    age_band: AgeBand
    level_of_care: LevelOfCare
    specialty: str | None


class BedView(_Shown):
    id: UUID
    department_id: UUID
    room_id: UUID | None
    code: str
    state: BedState
    status: BedStatus
    hl7_status: str
    held: bool
    since: datetime
    hold_id: UUID | None
    held_until: datetime | None
    admission_id: UUID | None
    patient_id: UUID | None
    last_sanitized_at: datetime | None
    block_reason_code: str | None
    return_expected_at: datetime | None
    equipment: list[str]
    cot_of_bed_id: UUID | None = Field(description="of a cot: the bed that it stands beside")
    overridden: list[str] = Field(description="placement rules that its hold or stay does not keep")


class HoldView(BaseModel):
    id: UUID
    bed_id: UUID
    admission_id: UUID
    held_from: datetime
    held_until: datetime
    live: bool


class PlacementView(_Shown):
    admission_id: UUID
    patient_id: UUID
    state: PlacementState
    department_id: UUID | None
    bed_id: UUID | None
    hold_id: UUID | None
    held_until: datetime | None
    offer_id: UUID | None = Field(description="the hold is an offer, for a person to accept or decline")
    since: datetime
    want: dict[str, Any] | None
    want_version: int
    stay_number: int
    refusal: Unplaced | None
    left_reason_code: str | None
    transfer_id: UUID | None = Field(description="the pending transfer to another department")
    reservation_id: UUID | None = Field(description="the reservation of a bed for later")
    needs: dict[str, Any] = Field(description="what the patient needs, as it was last said")
    entered_in_error: bool = Field(description="the admission should never have been")


class OfferView(BaseModel):
    id: UUID = Field(description="also that of its hold")
    admission_id: UUID
    bed_id: UUID
    department_id: UUID
    want_version: int
    offered_at: datetime
    offered_until: datetime
    state: OfferState
    reason_code: str | None = Field(description="why it was declined")
    decided_at: datetime | None
    decided_by: str | None = Field(description="null also where nobody decided in time")


class TransferView(_Shown):
    id: UUID
    admission_id: UUID
    patient_id: UUID
    from_department_id: UUID
    department_id: UUID = Field(description="the receiving department")
    state: TransferState
    bed_id: UUID | None = Field(description="the bed held there; once completed, the bed that was taken")
    hold_id: UUID | None
    held_until: datetime | None
    reason_code: str | None = Field(description="why it was declined or cancelled")
    needs: dict[str, Any] | None = Field(description="of the patient there; null: those that the patient has")
    needs_before: dict[str, Any] | None = Field(description="of the patient here, once completed with others")
    requested_at: datetime
    requested_by: str


class ReservationView(_Shown):
    id: UUID
    bed_id: UUID
    department_id: UUID
    admission_id: UUID
    patient_id: UUID
    state: ReservationState
    starts_at: datetime
    ends_at: datetime
    reason_code: str | None = Field(description="why it was cancelled")


class DepartureReasonView(BaseModel):
    code: str
    meaning: str


class MovementView(BaseModel):
    id: UUID
    kind: MovementKind
    from_bed_id: UUID | None
    to_bed_id: UUID | None
    moved_at: datetime
    occurred_at: datetime
    moved_by: str
    reason_code: str | None
    reverses: UUID | None = Field(description="the movement that this one takes back")
    entered_in_error: bool = Field(description="of an admission that should never have been")


class CleaningJobView(_Shown):
    id: UUID
    bed_id: UUID
    department_id: UUID
    type: CleaningType
    priority: CleaningPriority
    state: CleaningState
    requested_at: datetime
    accepted_at: datetime | None
    accepted_by: str | None
    started_at: datetime | None
    started_by: str | None
    counted_from: datetime | None = Field(description="the start, later by all suspensions")
    suspended_at: datetime | None
    completed_at: datetime | None
    cleaned_by: list[str]
    inspected_at: datetime | None
    inspected_by: str | None
    passed: bool | None
    reason_code: str | None = Field(description="why the inspection failed")
    targets: TargetsView = Field(description="limits in minutes")
    missed: list[str] = Field(
        description="targets that are missed by now, such as `response_100`: at 100 and at 150 percent"
    )
    due_at: datetime | None = Field(description="when the next target is missed if nothing happens")
