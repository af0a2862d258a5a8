"""An admission: what is wanted for a patient, and what has come of it. beds decides presence, this follows it (§2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from admissions.domain.admission.refusals import (
    AdmissionClosed,
    AlreadyArrived,
    AlreadyConfirmed,
    Cancelling,
    ImpossibleAnswer,
    NotAdmitted,
)
from admissions.domain.admission.states import (
    ARRIVED,
    FOLLOWS,
    OPEN,
    AdmissionState,
    Disposition,
    PresenceState,
)
from admissions.domain.admission.want import Answer, Asked, Want
from common.stamp import Stamp

A, P = AdmissionState, PresenceState


@dataclass(frozen=True, slots=True)
class Admission:
    """`asked` is what was asked for last, `want` what is wanted now: the same, or nothing."""

    id: UUID
    patient_id: UUID
    state: AdmissionState
    department_id: UUID
    asked: Want
    want: Want | None
    want_version: int
    stay_number: int
    target: AdmissionState | None
    reason_code: str | None
    disposition: Disposition | None
    discharge_confirmed_at: datetime | None
    discharge_confirmed_by: str | None
    requested_at: datetime
    version: int
    changed_at: datetime
    changed_by: str

    @classmethod
    def requested(cls, admission_id: UUID, patient_id: UUID, asked: Asked, stamp: Stamp) -> "Admission":
        want = Want.of(asked, requested_at=stamp.at)
        return cls(
            id=admission_id,
            patient_id=patient_id,
            state=A.REQUESTED,
            department_id=want.department_id,
            asked=want,
            want=want,
            want_version=1,
            stay_number=1,
            target=None,
            reason_code=None,
            disposition=None,
            discharge_confirmed_at=None,
            discharge_confirmed_by=None,
            requested_at=stamp.at,
            version=1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def wanting(self, asked: Asked, stamp: Stamp) -> "Admission":
        """Wants another bed. Raises `AlreadyArrived`, `Cancelling`, `AdmissionClosed`."""
        self._check_not_arrived()
        want = Want.of(asked, requested_at=self.asked.requested_at)
        return self._want(want, stamp, asked=want, department_id=want.department_id)

    def ending(self, target: AdmissionState, reason_code: str, stamp: Stamp) -> "Admission":
        """Wants nothing any more and waits for beds to agree; only then is it `target`, cancelled or no_show.

        Raises `AlreadyArrived`, `Cancelling`, `AdmissionClosed`.
        """
        self._check_not_arrived()
        return self._want(None, stamp, state=A.CANCELLING, target=target, reason_code=reason_code)

    def following(self, answer: Answer, stamp: Stamp) -> "Admission":
        """What the answer to the present want makes of it; itself when nothing changes. Raises `ImpossibleAnswer`.

        The caller has checked that the answer is newer than the last and not to an older want.
        """
        if self.state not in OPEN:
            return self  # closed admissions change by no event, only by reopening
        if self.state is A.CANCELLING:
            return self._ended(answer, stamp)
        if answer.state not in FOLLOWS:
            raise ImpossibleAnswer(state=self.state, placement=answer.state)
        becomes = FOLLOWS[answer.state]
        return self if becomes is self.state else self._become(becomes, stamp)

    def _ended(self, answer: Answer, stamp: Stamp) -> "Admission":
        if answer.state is P.WITHDRAWN and self.target is not None:
            return self._become(self.target, stamp, target=None)
        if answer.state is P.LEFT:
            return self._become(A.DISCHARGED, stamp, target=None, reason_code=None)
        recovered = answer.state is P.QUEUED and answer.refusal == "recovered"
        if answer.state in (P.IN_BED, P.ON_LEAVE) or recovered:  # refused: it wants again what it wanted
            return self._want(self.asked, stamp, state=FOLLOWS[answer.state], target=None, reason_code=None)
        raise ImpossibleAnswer(state=self.state, placement=answer.state)

    def confirmed(self, disposition: Disposition, stamp: Stamp) -> "Admission":
        """Discharged on paper; the bed is freed when the patient leaves. Raises `NotAdmitted`, `AlreadyConfirmed`."""
        if self.discharge_confirmed_at is not None:
            raise AlreadyConfirmed(**self.facts())
        if self.state not in (*ARRIVED, A.DISCHARGED):
            raise NotAdmitted(**self.facts())
        return self._become(
            self.state,
            stamp,
            disposition=disposition,
            discharge_confirmed_at=stamp.at,
            discharge_confirmed_by=stamp.by,
        )

    def facts(self) -> dict[str, Any]:
        """What a refusal tells of the admission as it is now, and who made it so."""
        return {
            "admission_id": self.id,
            "state": self.state,
            "changed_at": self.changed_at,
            "changed_by": self.changed_by,
        }

    def _check_not_arrived(self) -> None:
        if self.state in ARRIVED:
            raise AlreadyArrived(**self.facts())
        if self.state is A.CANCELLING:
            raise Cancelling(**self.facts())
        if self.state not in OPEN:
            raise AdmissionClosed(**self.facts())

    def _want(self, want: Want | None, stamp: Stamp, **changes: Any) -> "Admission":
        return self._become(
            changes.pop("state", self.state), stamp, want=want, want_version=self.version + 1, **changes
        )

    def _become(self, state: AdmissionState, stamp: Stamp, **changes: Any) -> "Admission":
        return replace(
            self, state=state, version=self.version + 1, changed_at=stamp.at, changed_by=stamp.by, **changes
        )
