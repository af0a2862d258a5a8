"""An admission: what is wanted for a patient, its states and refusals, and what follows from the answers of beds."""

from admissions.domain.admission.admission import Admission
from admissions.domain.admission.refusals import (
    AdmissionClosed,
    AlreadyArrived,
    AlreadyConfirmed,
    Cancelling,
    ImpossibleAnswer,
    NotAdmitted,
    NotDischarged,
    PatientAlreadyAdmitted,
)
from admissions.domain.admission.states import (
    ARRIVED,
    FOLLOWS,
    OPEN,
    STATUS,
    TARGETS,
    AdmissionState,
    Disposition,
    PresenceState,
)
from admissions.domain.admission.want import Answer, Asked, Priority, Want

__all__ = [
    "ARRIVED",
    "FOLLOWS",
    "OPEN",
    "STATUS",
    "TARGETS",
    "Admission",
    "AdmissionClosed",
    "AdmissionState",
    "AlreadyArrived",
    "AlreadyConfirmed",
    "Answer",
    "Asked",
    "Cancelling",
    "Disposition",
    "ImpossibleAnswer",
    "NotAdmitted",
    "NotDischarged",
    "PatientAlreadyAdmitted",
    "PresenceState",
    "Priority",
    "Want",
]
