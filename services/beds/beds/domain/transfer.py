"""A transfer: a patient in a bed is wanted by, or brought to, another department (domain §2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from beds.domain.rules.needs import Needs
from beds.domain.step import Step
from common.errors import FieldError, Invalid, Refusal
from common.stamp import Stamp, version_tag


class TransferState(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


T = TransferState
PENDING = (T.REQUESTED, T.ACCEPTED)


#: Every step that a transfer may take. Accepted until its hold expires, then it is requested again.
TRANSFER_STEPS: Mapping[str, Step[TransferState]] = {
    "accept": Step({T.REQUESTED}, T.ACCEPTED),
    "expire": Step({T.ACCEPTED}, T.REQUESTED),
    "decline": Step(frozenset(PENDING), T.DECLINED),
    "cancel": Step(frozenset(PENDING), T.CANCELLED),
    "complete": Step(frozenset(PENDING), T.COMPLETED),
}


class WrongTransferState(Refusal):
    code = "wrong_state"
    sentence = "The transfer is not in a state that allows this."


class TransferPending(Refusal):
    code = "transfer_pending"
    sentence = "A transfer of this patient is under way. Cancel it before another one is requested."


class BedElsewhere(Invalid):
    sentence = "The bed is not one of the department that the patient is transferred to."

    def __init__(self) -> None:
        super().__init__(
            errors=[
                FieldError(field="body.bed_id", code="elsewhere", message="name a bed of that department")
            ]
        )


class SameDepartment(Invalid):
    sentence = "The patient is in this department; a move is enough."

    def __init__(self) -> None:
        super().__init__(
            errors=[FieldError(field="body.department_id", code="same", message="name another department")]
        )


@dataclass(frozen=True, slots=True)
class Transfer:
    """One way of one patient to another department. `bed_id` is the bed held there, in the end the one taken."""

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
    requested_by: str
    needs: Needs | None
    """What the patient needs there; None where nobody has named other needs than those that the patient has."""
    needs_before: Needs | None
    """Once completed, what `needs` have taken the place of: a move that is taken back brings it back."""
    version: int
    changed_at: datetime
    changed_by: str

    @classmethod
    def requested(
        cls,
        transfer_id: UUID,
        admission_id: UUID,
        patient_id: UUID,
        from_department_id: UUID,
        department_id: UUID,
        stamp: Stamp,
        needs: Needs | None = None,
    ) -> "Transfer":
        """Raises `SameDepartment`."""
        if from_department_id == department_id:
            raise SameDepartment
        return cls(
            id=transfer_id,
            admission_id=admission_id,
            patient_id=patient_id,
            from_department_id=from_department_id,
            department_id=department_id,
            state=T.REQUESTED,
            **_NO_HOLD,
            reason_code=None,
            requested_at=stamp.at,
            requested_by=stamp.by,
            needs=needs,
            needs_before=None,
            version=1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def tag(self, now: datetime) -> str:
        return version_tag(self.version, lapsed=self.settled(now) is not self)

    def settled(self, now: datetime) -> "Transfer":
        """As the clock has it: past its end the hold is none, and the transfer is requested again."""
        if self.state is T.ACCEPTED and self.held_until is not None and self.held_until <= now:
            return replace(self, state=T.REQUESTED, **_NO_HOLD)
        return self

    def accepted(self, bed_id: UUID, hold_id: UUID, until: datetime, stamp: Stamp) -> "Transfer":
        """A bed is held there; the patient stays where he is until then. Raises `WrongTransferState`."""
        return self._step("accept", stamp, bed_id=bed_id, hold_id=hold_id, held_until=until)

    def unheld(self, stamp: Stamp) -> "Transfer":
        """The hold ended without a move: it is for the receiving department to accept again."""
        return self._step("expire", stamp, settle=False, **_NO_HOLD)

    def declined(self, reason_code: str, stamp: Stamp) -> "Transfer":
        return self._step("decline", stamp, reason_code=reason_code, **_NO_HOLD)

    def cancelled(self, reason_code: str, stamp: Stamp) -> "Transfer":
        return self._step("cancel", stamp, reason_code=reason_code, **_NO_HOLD)

    def completed(self, bed_id: UUID, needs: Needs, stamp: Stamp) -> "Transfer":
        """The patient, with these needs until now, is in a bed there: accepted or not, the held one or another."""
        before = None if self.needs is None else needs
        return self._step("complete", stamp, **_NO_HOLD | {"bed_id": bed_id, "needs_before": before})

    def holds(self, bed_id: UUID, now: datetime) -> bool:
        settled = self.settled(now)
        return settled.state is T.ACCEPTED and settled.bed_id == bed_id

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

    def _step(self, act: str, stamp: Stamp, *, settle: bool = True, **changes: Any) -> "Transfer":
        now = self.settled(stamp.at) if settle else self
        step = TRANSFER_STEPS[act]
        if now.state not in step.sources:
            raise WrongTransferState(**now.facts())
        return replace(
            now,
            state=step.becomes,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
            **changes,
        )


_NO_HOLD: dict[str, Any] = {"bed_id": None, "hold_id": None, "held_until": None}
