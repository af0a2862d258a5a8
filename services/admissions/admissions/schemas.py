"""What the API accepts and what it shows (contract §2, §3)."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from admissions.domain.admission import AdmissionState, Disposition, PresenceState, Priority
from admissions.domain.patient import AdministrativeSex
from common.web import Code, Day, Line, Payload

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


class BedRequest(Payload):
    department_id: UUID
    bed_id: UUID | None = None
    priority: Priority = Priority.URGENT


class NewAdmission(BedRequest):
    patient_id: UUID


class Reason(Payload):
    reason_code: Code


class Erasure(Reason):
    patient_id: UUID
    """The id once more: erasing is for good."""


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


class AdmissionView(BaseModel):
    id: UUID
    patient_id: UUID
    state: AdmissionState
    status: str
    department_id: UUID
    asked: dict[str, Any]
    want: dict[str, Any] | None
    want_version: int
    stay_number: int
    target: AdmissionState | None
    reason_code: str | None
    disposition: Disposition | None
    discharge_confirmed_at: datetime | None
    discharge_confirmed_by: str | None
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
