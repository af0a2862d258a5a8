"""A transfer: a patient in a bed is to go to another department, which finds a bed or declines (domain §2).

The patient stays where he is until he is in the new bed, whatever becomes of the transfer.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from beds.domain.bed import Bed
from beds.domain.placement import HERE, NotInABed, Placement
from common.errors import FieldError, Invalid, Refusal
from common.stamp import Stamp, version_tag


class TransferState(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


T = TransferState
OPEN = (T.REQUESTED, T.ACCEPTED)


class Step(NamedTuple):
    sources: Set[TransferState]
    becomes: TransferState


#: Every step that a transfer may take. Accepted, it is requested again once its hold is over.
STEPS: Mapping[str, Step] = {
    "accept": Step({T.REQUESTED}, T.ACCEPTED),
    "hold expired": Step({T.ACCEPTED}, T.REQUESTED),
    "decline": Step({T.REQUESTED, T.ACCEPTED}, T.DECLINED),
    "cancel": Step({T.REQUESTED, T.ACCEPTED}, T.CANCELLED),
    "complete": Step({T.REQUESTED, T.ACCEPTED}, T.COMPLETED),
}
_NO_BED: dict[str, Any] = {"bed_id": None, "hold_id": None, "held_until": None}


class WrongTransferState(Refusal):
    code = "wrong_state"
    sentence = "The transfer is not in a state that allows this."


class TransferPending(Refusal):
    code = "transfer_pending"
    sentence = "A transfer of this patient is under way. Cancel it first."


class SameDepartment(Invalid):
    sentence = "A transfer goes to another department; within one, move the patient."

    def __init__(self) -> None:
        error = FieldError(field="body.department_id", code="same", message="name another department")
        super().__init__(errors=[error])


class NoSuchDepartment(Invalid):
    def __init__(self) -> None:
        error = FieldError(
            field="body.department_id", code="unknown", message="no open department with this id"
        )
        super().__init__(errors=[error])


class BedElsewhere(Invalid):
    sentence = "The bed belongs to another department than the one that the patient goes to."

    def __init__(self) -> None:
        error = FieldError(
            field="body.bed_id", code="elsewhere", message="name a bed of the receiving department"
        )
        super().__init__(errors=[error])


@dataclass(frozen=True, slots=True)
class Transfer:
    """`bed_id` is held for the patient beside his stay until `held_until`, once the transfer is accepted."""

    id: UUID
    admission_id: UUID
    patient_id: UUID
    from_department_id: UUID
    department_id: UUID
    state: TransferState
    bed_id: UUID | None
    hold_id: UUID | None
    held_until: datetime | None
    reason_code: str | None
    requested_at: datetime
    version: int
    changed_at: datetime
    changed_by: str

    @classmethod
    def requested(
        cls, transfer_id: UUID, placement: Placement, department_id: UUID, stamp: Stamp
    ) -> "Transfer":
        """Raises `NotInABed`, `SameDepartment`."""
        if placement.state not in HERE or placement.department_id is None:
            raise NotInABed(**placement.facts())
        if placement.department_id == department_id:
            raise SameDepartment
        return cls(
            id=transfer_id,
            admission_id=placement.admission_id,
            patient_id=placement.patient_id,
            from_department_id=placement.department_id,
            department_id=department_id,
            state=T.REQUESTED,
            reason_code=None,
            requested_at=stamp.at,
            version=1,
            changed_at=stamp.at,
            changed_by=stamp.by,
            **_NO_BED,
        )

    def tag(self, now: datetime) -> str:
        return version_tag(self.version, lapsed=self.settled(now) is not self)

    def settled(self, now: datetime) -> "Transfer":
        """As the clock has it: past the end of its hold it is requested again."""
        if self.state is T.ACCEPTED and self.held_until is not None and self.held_until <= now:
            return replace(self, state=T.REQUESTED, **_NO_BED)
        return self

    def accepted(self, bed: Bed, hold_id: UUID, until: datetime, stamp: Stamp) -> "Transfer":
        """A bed of the receiving department is held. Raises `WrongTransferState`, `BedElsewhere`."""
        if bed.department_id != self.department_id:
            raise BedElsewhere
        return self._step("accept", stamp, bed_id=bed.id, hold_id=hold_id, held_until=until)

    def expired(self, stamp: Stamp) -> "Transfer":
        """The end of its hold is recorded: the receiving department decides anew."""
        return replace(self._step("hold expired", stamp), **_NO_BED)

    def ended(self, step: str, stamp: Stamp, reason_code: str | None = None) -> "Transfer":
        """By `decline`, `cancel` or `complete`; its hold is over. Raises `WrongTransferState`."""
        return replace(self._step(step, stamp), reason_code=reason_code, **_NO_BED)

    def facts(self) -> dict[str, Any]:
        """What a refusal tells of the transfer as it is now, and who made it so."""
        return {
            "transfer_id": self.id,
            "state": self.state,
            "bed_id": self.bed_id,
            "held_until": self.held_until,
            "changed_at": self.changed_at,
            "changed_by": self.changed_by,
        }

    def _step(self, name: str, stamp: Stamp, **changes: Any) -> "Transfer":
        step = STEPS[name]
        if self.state not in step.sources:
            raise WrongTransferState(**self.facts())
        return replace(
            self,
            state=step.becomes,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
            **changes,
        )
