"""What the API accepts and what it shows (contract §2, §3)."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field, model_validator

from admissions.domain.admission import AdmissionState, Disposition, PresenceState, Priority
from admissions.domain.discharge import MOST_MILESTONES, Plan, Step
from admissions.domain.needs import AgeBand, Isolation, LevelOfCare, Needs, RoomPreference, Sex
from admissions.domain.patient import AdministrativeSex
from common.web import Code, Day, Line, NearInstant, Payload

#: A day of which plans are made.
PlannedDay = Annotated[Day, Query(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]
BirthDate = Annotated[Day, Field(ge=date(1875, 1, 1))]


class NewPatient(Payload):
    """`name` is "Surname, Given". An unidentified patient needs neither record number nor name."""

    mrn: Line | None = None
    name: Line | None = None
    date_of_birth: BirthDate | None = None
    sex: AdministrativeSex | None = None
    contact: Line | None = None
    unidentified: bool = False
    privacy: bool = False
    mother_id: UUID | None = None


class PatientChange(Payload):
    """Only the fields that are sent are changed; null removes what was wrong."""

    mrn: Line | None = None
    name: Line | None = None
    date_of_birth: BirthDate | None = None
    sex: AdministrativeSex | None = None
    contact: Line | None = None
    privacy: bool | None = None
    mother_id: UUID | None = None


class PatientSearch(Payload):
    """By record number, or by name and date of birth."""

    mrn: Line | None = None
    name: Line | None = None
    date_of_birth: BirthDate | None = None

    @model_validator(mode="after")
    def _either(self) -> "PatientSearch":
        by_mrn = self.mrn is not None and self.name is None and self.date_of_birth is None
        by_name = self.mrn is None and self.name is not None and self.date_of_birth is not None
        if not by_mrn and not by_name:
            raise ValueError("search by mrn, or by name and date_of_birth together")
        return self


class NamesRequest(Payload):
    ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class NeedsOfAPatient(Payload):
    """What is left out is not needed, or not known. A rule that would have to know it fails, and a person decides."""

    sex: Sex | None = None
    age_band: AgeBand | None = None
    isolation: Isolation = Isolation.NONE
    organism: Code | None = None
    equipment: Annotated[list[Code], Field(max_length=20)] = Field(default_factory=list)
    level_of_care: LevelOfCare = LevelOfCare.WARD
    specialty: Code | None = None
    room_preference: RoomPreference | None = None

    @model_validator(mode="after")
    def _organism_of_an_isolation(self) -> "NeedsOfAPatient":
        if self.organism is not None and self.isolation not in (Isolation.CONTACT, Isolation.DROPLET):
            raise ValueError("an organism goes with contact or droplet isolation")
        return self

    def needs(self) -> Needs:
        said = {name: getattr(self, name) for name in NeedsOfAPatient.model_fields if name != "equipment"}
        return Needs(**said, equipment=tuple(sorted(set(self.equipment))))


class BedRequest(Payload):
    """While the patient is not `ready` to move, the unit is assigned and no bed is held by itself."""

    department_id: UUID
    bed_id: UUID | None = None
    priority: Priority = Priority.URGENT
    needs: NeedsOfAPatient = NeedsOfAPatient()
    ready: bool = True


class NewAdmission(BedRequest):
    patient_id: UUID


class Reason(Payload):
    reason_code: Code


class Merge(Payload):
    into: UUID
    """The record of the same person that counts from now on."""


class Erasure(Reason):
    patient_id: UUID
    """The id once more: erasing is for good."""


class MilestonePlan(Payload):
    """`kind` is orders, medicines, transport, teaching, family or a code of the house."""

    kind: Code
    done: bool = False
    delay_reason_code: Code | None = None


class DischargePlan(Payload):
    """The whole plan from now on. Another expected time than the one before needs its `reason_code`."""

    discharge_expected_at: NearInstant | None = None
    reason_code: Code | None = None
    milestones: list[MilestonePlan] = Field(default_factory=list, max_length=MOST_MILESTONES)

    def plan(self) -> Plan:
        steps = tuple(Step(one.kind, one.done, one.delay_reason_code) for one in self.milestones)
        return Plan(self.discharge_expected_at, self.reason_code, steps)


class DischargeConfirmation(Payload):
    disposition: Disposition = Disposition.UNSPECIFIED


class PatientView(BaseModel):
    id: UUID
    unidentified: bool
    mrn: str | None
    name: str | None
    date_of_birth: date | None
    sex: AdministrativeSex | None
    contact: str | None
    privacy: bool
    mother_id: UUID | None
    merged_into: UUID | None
    version: int
    changed_at: datetime
    changed_by: str


class IdentityView(BaseModel):
    """Who the person was taken for from this version of the record on. Without a time where that was not kept yet."""

    version: int
    changed_at: datetime | None
    changed_by: str | None
    mrn: str | None
    name: str | None
    date_of_birth: date | None
    sex: AdministrativeSex | None
    contact: str | None


class MergeView(BaseModel):
    """Into which record this one was merged, and nothing of who the person is."""

    id: UUID
    merged_into: UUID | None
    version: int
    changed_at: datetime
    changed_by: str


class ErasedPatientView(BaseModel):
    id: UUID
    erased_at: datetime
    version: int
    changed_by: str


class NamesView(BaseModel):
    """A name, or null where this viewer may not see it, or where it stays off boards."""

    names: dict[UUID, str | None]


class PlacementView(BaseModel):
    """The last answer of beds; null until there is one."""

    state: PresenceState
    refusal: str | None
    department_id: UUID | None
    bed_id: UUID | None
    held_until: datetime | None
    version: int


class MilestoneView(BaseModel):
    kind: str
    done_at: datetime | None
    done_by: str | None
    delay_reason_code: str | None


class AdmissionView(BaseModel):
    """`waits_for` are the kinds of the milestones that are not done. `discharge_confirmed_at` is null until then."""

    id: UUID
    patient_id: UUID
    person_id: UUID
    state: AdmissionState
    status: str
    department_id: UUID
    arrived_department_id: UUID | None
    asked: dict[str, Any]
    want: dict[str, Any] | None
    want_version: int
    stay_number: int
    target: AdmissionState | None
    reason_code: str | None
    discharge_expected_at: datetime | None
    discharge_expected_reason_code: str | None
    milestones: list[MilestoneView]
    waits_for: list[str]
    disposition: Disposition | None
    discharge_confirmed_at: datetime | None
    discharge_confirmed_by: str | None
    confirmed_left_due_at: datetime | None
    confirmed_left_missed: bool
    left_at: datetime | None
    left_unconfirmed: bool
    requested_at: datetime
    placement: PlacementView | None
    version: int
    changed_at: datetime
    changed_by: str


class ChangeView(BaseModel):
    version: int
    what: str
    state: AdmissionState
    changed_at: datetime
    changed_by: str
    reason_code: str | None
    want: dict[str, Any] | None
    discharge_expected_at: datetime | None
    milestones: list[MilestoneView]
