"""A patient: a person known to the hospital, or one who cannot be identified yet (domain §4)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import EllipsisType
from uuid import UUID

from common.errors import FieldError, Invalid, Refusal
from common.stamp import Stamp, version_tag


class MrnTaken(Refusal):
    code = "mrn_taken"
    sentence = "Another patient has this medical record number. If both are one person, merge the two."


class PatientErased(Refusal):
    status, code = 410, "patient_erased"
    sentence = "The identity of this patient has been erased. Only the id is left."


class PatientStillAdmitted(Refusal):
    code = "patient_still_admitted"
    sentence = "This patient has an open admission. It has to end before the identity can be erased."


class PatientMerged(Refusal):
    code = "patient_merged"
    sentence = "This record was merged into another one. Use that, or undo the merge first."


class NotMerged(Refusal):
    code = "not_merged"
    sentence = "This record is not merged into another one."


class AdministrativeSex(StrEnum):
    """HL7 FHIR administrative gender."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the person is. Encrypted at rest, never in an event, a log or a URL. `name` is "Surname, Given"."""

    mrn: str | None = None
    name: str | None = None
    date_of_birth: date | None = None
    sex: AdministrativeSex | None = None
    contact: str | None = None

    def corrected(self, **changes: object) -> "Identity":
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Patient:
    """What others may know of a patient: an id and no person. With `privacy`, the name stays off shared boards."""

    id: UUID
    unidentified: bool
    privacy: bool
    mother_id: UUID | None
    merged_into: UUID | None
    """The record of the same person that counts instead, or that was merged on itself."""
    erased_at: datetime | None
    erased_with: tuple[UUID, ...]
    """The admissions of an erased patient: what others keep in words about them goes as well."""
    version: int
    changed_at: datetime
    changed_by: str

    @classmethod
    def registered(
        cls,
        patient_id: UUID,
        identity: Identity,
        stamp: Stamp,
        *,
        unidentified: bool,
        privacy: bool,
        mother_id: UUID | None,
    ) -> "Patient":
        check_identified(identity, unidentified=unidentified)
        return cls(patient_id, unidentified, privacy, mother_id, None, None, (), 1, stamp.at, stamp.by)

    def tag(self) -> str:
        return version_tag(self.version)

    def expect_identity(self) -> None:
        """Raises `PatientErased`."""
        if self.erased_at is not None:
            raise PatientErased(patient_id=self.id, erased_at=self.erased_at)

    def expect_unmerged(self) -> None:
        """Raises `PatientMerged`."""
        if self.merged_into is not None:
            raise PatientMerged(patient_id=self.id, merged_into=self.merged_into)

    def merged(self, survivor: "Patient", stamp: Stamp) -> "Patient":
        """A duplicate of the survivor. Raises `PatientMerged`, `PatientErased`."""
        for patient in (self, survivor):
            patient.expect_identity()
            patient.expect_unmerged()
        return self._stamped(stamp, merged_into=survivor.id)

    def unmerged(self, stamp: Stamp) -> "Patient":
        """Another person after all. Raises `NotMerged`, `PatientErased`."""
        self.expect_identity()
        if self.merged_into is None:
            raise NotMerged(patient_id=self.id)
        return self._stamped(stamp, merged_into=None)

    def _stamped(self, stamp: Stamp, *, merged_into: UUID | None) -> "Patient":
        return replace(
            self,
            merged_into=merged_into,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def erased(self, stamp: Stamp, *, open_admission: UUID | None, admissions: Iterable[UUID]) -> "Patient":
        """Without an identity for good. Raises `PatientStillAdmitted`: who lies in a bed is cared for by name."""
        if open_admission is not None:
            raise PatientStillAdmitted(admission_id=open_admission)
        return replace(
            self,
            erased_at=stamp.at,
            erased_with=tuple(admissions),
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def corrected(
        self,
        identity: Identity,
        stamp: Stamp,
        *,
        privacy: bool | None,
        mother_id: UUID | EllipsisType | None = ...,
    ) -> "Patient":
        """After a correction. Whoever has a record number and a name by now is identified for good.

        `mother_id` is left as it is unless it is given. Raises `Invalid`.
        """
        if mother_id == self.id:
            raise Invalid(
                errors=[FieldError(field="body.mother_id", code="itself", message="of another person")]
            )
        unidentified = self.unidentified and not (identity.mrn and identity.name)
        check_identified(identity, unidentified=unidentified)
        return replace(
            self,
            unidentified=unidentified,
            privacy=self.privacy if privacy is None else privacy,
            mother_id=self.mother_id if mother_id is ... else mother_id,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )


def check_identified(identity: Identity, *, unidentified: bool) -> None:
    """An identified patient has a record number and a name. Raises `Invalid` with what is missing."""
    if unidentified:
        return
    missing = [field for field in ("mrn", "name") if not getattr(identity, field)]
    if missing:
        raise Invalid(
            "A patient needs a record number and a name, or `unidentified: true`.",
            errors=[
                FieldError(field=f"body.{field}", code="missing", message="is missing") for field in missing
            ],
        )
