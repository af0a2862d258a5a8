"""An admission: what is wanted for a patient, and what has come of it. beds decides presence, this follows it (§2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from common.errors import Refusal
from common.stamp import Stamp


class AdmissionState(StrEnum):
    REQUESTED = "requested"
    BED_ASSIGNED = "bed_assigned"
    ADMITTED = "admitted"
    ON_LEAVE = "on_leave"
    CANCELLING = "cancelling"
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    ENTERED_IN_ERROR = "entered_in_error"


class PresenceState(StrEnum):
    """The states of a placement, as beds publishes them."""

    QUEUED = "queued"
    HELD = "held"
    IN_BED = "in_bed"
    ON_LEAVE = "on_leave"
    LEFT = "left"
    WITHDRAWN = "withdrawn"


class Priority(StrEnum):
    """How urgent an admission is (HL7 table 0007), the most urgent first."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ELECTIVE = "elective"


class Disposition(StrEnum):
    """Where the patient goes (domain §4)."""

    HOME = "home"
    TRANSFERRED_OUT = "transferred_out"
    DECEASED = "deceased"
    AGAINST_ADVICE = "against_advice"
    OTHER = "other"
    UNSPECIFIED = "unspecified"


A, P = AdmissionState, PresenceState
OPEN = (A.REQUESTED, A.BED_ASSIGNED, A.ADMITTED, A.ON_LEAVE, A.CANCELLING)
ARRIVED = (A.ADMITTED, A.ON_LEAVE)

#: The seeds' word where it differs from ours (contract §3).
STATUS: dict[AdmissionState, str] = {
    A.REQUESTED: "pending",
    A.BED_ASSIGNED: "pending",
    A.ON_LEAVE: "admitted",
}

#: What an open admission becomes when its placement is in this state. What is not here cannot be.
FOLLOWS: dict[PresenceState, AdmissionState] = {
    P.QUEUED: A.REQUESTED,
    P.HELD: A.BED_ASSIGNED,
    P.IN_BED: A.ADMITTED,
    P.ON_LEAVE: A.ON_LEAVE,
    P.LEFT: A.DISCHARGED,
}


class PatientAlreadyAdmitted(Refusal):
    code = "patient_already_admitted"
    sentence = "This patient has an open admission. Nothing was kept."


class AlreadyArrived(Refusal):
    code = "already_arrived"
    sentence = "The patient has arrived. Record a departure or a move instead."


class Cancelling(Refusal):
    code = "cancelling"
    sentence = "This admission is being cancelled; wait for the outcome."


class AdmissionClosed(Refusal):
    code = "admission_closed"
    sentence = "This admission is over."


class NotAdmitted(Refusal):
    code = "not_admitted"
    sentence = "A discharge can be confirmed once the patient has arrived."


class AlreadyConfirmed(Refusal):
    code = "already_confirmed"
    sentence = "The discharge is confirmed already."


class ImpossibleAnswer(Refusal):
    """A cell of the protocol that cannot be: an alarm, not a guess."""

    code = "impossible_answer"
    sentence = "The placement says what cannot follow from this admission."


@dataclass(frozen=True, slots=True)
class Asked:
    """A bed in a department, or one certain bed of it."""

    department_id: UUID
    bed_id: UUID | None
    priority: Priority
    needs: dict[str, Any]
    ready: bool


@dataclass(frozen=True, slots=True)
class Want(Asked):
    """What was asked for, and since when the patient of this stay has waited for a bed, whatever was asked meanwhile.

    That time decides who goes first, not the one at which beds heard of it.
    """

    requested_at: datetime

    @classmethod
    def of(cls, asked: Asked, requested_at: datetime) -> "Want":
        return cls(
            asked.department_id,
            asked.bed_id,
            asked.priority,
            asked.needs,
            asked.ready,
            requested_at=requested_at,
        )


class Answer(NamedTuple):
    """What beds says of the placement of this admission."""

    version: int
    want_version: int
    state: PresenceState
    refusal: str | None
    department_id: UUID | None
    bed_id: UUID | None
    held_until: datetime | None


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
