"""An admission: what is wanted for a patient, and what has come of it. beds decides presence, this follows it (§2)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from admissions.domain.admission.refusals import (
    AdmissionClosed,
    AlreadyArrived,
    AlreadyConfirmed,
    Cancelling,
    ImpossibleAnswer,
    NotAdmitted,
    NotDischarged,
)
from admissions.domain.admission.states import (
    ARRIVED,
    CORRECTABLE,
    FOLLOWS,
    OPEN,
    AdmissionState,
    Disposition,
    PresenceState,
)
from admissions.domain.admission.want import Answer, Asked, Want
from admissions.domain.discharge import Milestone, Plan, check_reason, milestones
from common.stamp import Stamp

A, P = AdmissionState, PresenceState
_OF_A_DISCHARGE = (
    "disposition",
    "discharge_confirmed_at",
    "discharge_confirmed_by",
    "confirmed_left_due_at",
    "left_at",
)


@dataclass(frozen=True, slots=True)
class Admission:
    """`asked` is what was asked for last, `want` what is wanted now: the same, or nothing.

    `person_id` is the record that counts for the patient now: another one than `patient_id` after a merge.
    `department_id` follows the patient; `arrived_department_id` is where this stay began.
    `left_at` is when the patient left last, also while a discharge is being undone.
    """

    id: UUID
    patient_id: UUID
    person_id: UUID
    state: AdmissionState
    department_id: UUID
    arrived_department_id: UUID | None
    asked: Want
    want: Want | None
    want_version: int
    stay_number: int
    target: AdmissionState | None
    reason_code: str | None
    discharge_expected_at: datetime | None
    discharge_expected_reason_code: str | None
    milestones: tuple[Milestone, ...]
    disposition: Disposition | None
    discharge_confirmed_at: datetime | None
    discharge_confirmed_by: str | None
    confirmed_left_due_at: datetime | None
    left_at: datetime | None
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
            person_id=patient_id,
            state=A.REQUESTED,
            department_id=want.department_id,
            arrived_department_id=None,
            asked=want,
            want=want,
            want_version=1,
            stay_number=1,
            target=None,
            reason_code=None,
            discharge_expected_at=None,
            discharge_expected_reason_code=None,
            milestones=(),
            disposition=None,
            discharge_confirmed_at=None,
            discharge_confirmed_by=None,
            confirmed_left_due_at=None,
            left_at=None,
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
        """Wants nothing any more and waits for beds to agree; only then is it `target`, one of `TARGETS`.

        Raises `AlreadyArrived`, `Cancelling`, `AdmissionClosed`.
        """
        self._check_not_arrived()
        return self._want(None, stamp, state=A.CANCELLING, target=target, reason_code=reason_code)

    def erroneous(self, reason_code: str, stamp: Stamp) -> "Admission":
        """Should never have been. It ends at once where it was over, else as `ending`.

        Raises `AlreadyArrived`, `Cancelling`, and `AdmissionClosed` where that is known already.
        """
        if self.state not in CORRECTABLE:
            return self.ending(A.ENTERED_IN_ERROR, reason_code, stamp)
        return self._become(A.ENTERED_IN_ERROR, stamp, reason_code=reason_code)

    def reopened(self, reason_code: str, stamp: Stamp) -> "Admission":
        """Requested again for the next stay, where the patient was last (A13). Raises `NotDischarged`.

        What was said of the discharge stands until the patient has arrived again.
        """
        if self.state is not A.DISCHARGED:
            raise NotDischarged(**self.facts())
        anywhere = replace(self.asked, department_id=self.department_id, bed_id=None, requested_at=stamp.at)
        return self._want(
            anywhere,
            stamp,
            state=A.REQUESTED,
            asked=anywhere,
            stay_number=self.stay_number + 1,
            reason_code=reason_code,
        )

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
        becomes, where = FOLLOWS[answer.state], self._where(answer)
        if becomes is self.state and where["department_id"] == self.department_id:
            return self
        return self._become(becomes, stamp, **where, **self._what_paper_says(becomes, answer, stamp))

    def _where(self, answer: Answer) -> dict[str, Any]:
        """The department in which the patient is or was; before the arrival, that in which a bed is wanted."""
        if answer.state is P.LEFT:
            return {"department_id": self.department_id}
        if FOLLOWS[answer.state] not in ARRIVED:
            return {"department_id": self.asked.department_id, "arrived_department_id": None}
        here = answer.department_id or self.department_id
        began = self.arrived_department_id if self.state in ARRIVED else None
        return {"department_id": here, "arrived_department_id": began or here}

    def _what_paper_says(self, becomes: AdmissionState, answer: Answer, stamp: Stamp) -> dict[str, Any]:
        """When the patient left; and whoever arrives, perhaps again, is not discharged."""
        if becomes is A.DISCHARGED:
            return {"left_at": answer.since or stamp.at}
        if becomes in ARRIVED and self.state not in ARRIVED:
            return dict.fromkeys(_OF_A_DISCHARGE)
        return {}

    def _ended(self, answer: Answer, stamp: Stamp) -> "Admission":
        over = answer.state is P.WITHDRAWN
        if self.target is A.ENTERED_IN_ERROR:
            over = over or answer.state is P.LEFT  # earlier stays were in error, too
        if over and self.target is not None:
            return self._become(self.target, stamp, target=None)
        if answer.state is P.LEFT:
            left_at = self.left_at or answer.since or stamp.at
            return self._become(A.DISCHARGED, stamp, target=None, reason_code=None, left_at=left_at)
        recovered = answer.state is P.QUEUED and answer.refusal == "recovered"
        if answer.state in (P.IN_BED, P.ON_LEAVE) or recovered:  # refused: it wants again what it wanted
            again = {"state": FOLLOWS[answer.state], "target": None, "reason_code": None}
            paper = self._what_paper_says(FOLLOWS[answer.state], answer, stamp)
            return self._want(self.asked, stamp, **again, **self._where(answer), **paper)
        raise ImpossibleAnswer(state=self.state, placement=answer.state)

    def planned(self, plan: Plan, stamp: Stamp) -> "Admission":
        """Its discharge is planned anew; itself when nothing is new.

        Raises `Cancelling`, `AdmissionClosed`, and `Invalid` when another time is expected without a reason.
        """
        self._check_open()
        check_reason(plan, self.discharge_expected_at)
        steps = milestones(plan, self.milestones, stamp)
        if (plan.expected_at, steps) == (self.discharge_expected_at, self.milestones):
            return self
        moved = plan.expected_at != self.discharge_expected_at
        return self._become(
            self.state,
            stamp,
            discharge_expected_at=plan.expected_at,
            discharge_expected_reason_code=plan.reason_code if moved else self.discharge_expected_reason_code,
            milestones=steps,
        )

    def confirmed(self, disposition: Disposition, target: timedelta, stamp: Stamp) -> "Admission":
        """Discharged on paper; the patient should leave within `target`, and frees the bed by it.

        Raises `NotAdmitted`, `AlreadyConfirmed`.
        """
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
            confirmed_left_due_at=stamp.at + target,
        )

    def counted_for(self, person_id: UUID, stamp: Stamp) -> "Admission":
        """Of a patient whose record was merged into another, or is its own again."""
        return self._become(self.state, stamp, person_id=person_id)

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
        self._check_open()

    def _check_open(self) -> None:
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
