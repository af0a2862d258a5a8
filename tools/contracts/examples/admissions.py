"""A patient and an admission: what admissions tells of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from admissions.domain.admission import (
    Admission,
    AdmissionState,
    Answer,
    Asked,
    Disposition,
    PresenceState,
    Priority,
)
from admissions.domain.discharge import Plan, Step
from admissions.domain.needs import Needs
from admissions.domain.patient import Identity, Patient
from admissions.events import (
    ADMISSION as ADMISSION_TOPIC,
    ERASED_PATIENT,
    AdmissionEvent as A,
    Erasing,
    PatientEnd,
    PatientEvent as P,
    happened,
)
from common.envelope import Fact
from tools.contracts.examples.cast import ADMISSION, BED, DEPARTMENT, OTHER_PATIENT, PATIENT, at, repeated

_KNOWN = Identity(mrn="-", name="-")


def told() -> Iterator[Fact]:
    yield from _patient()
    yield from _admission()


def _patient() -> Iterator[Fact]:
    registered = Patient.registered(
        PATIENT, Identity(), at(0), unidentified=True, privacy=False, mother_id=None
    )
    yield happened(P.REGISTERED, PATIENT, registered, None)
    corrected = registered.corrected(_KNOWN, at(4), privacy=None)
    survivor = replace(corrected, id=OTHER_PATIENT)
    merged = corrected.merged(survivor, at(30))
    yield happened(P.MERGED, PATIENT, merged, corrected)
    yield happened(P.UNMERGED, PATIENT, merged.unmerged(at(50)), merged)
    erased = corrected.erased(at(120), open_admission=None, admissions=[ADMISSION])
    yield happened(P.CORRECTED, PATIENT, corrected, registered)
    yield happened(PatientEnd.ERASED, PATIENT, erased, corrected, Erasing("court_order"))
    yield repeated(ERASED_PATIENT, PATIENT, erased)


def _admission() -> Iterator[Fact]:
    wanted = Asked(DEPARTMENT, None, Priority.URGENT, Needs(), True)
    asked = Admission.requested(ADMISSION, PATIENT, wanted, at(5))
    assigned = asked.following(_answer(PresenceState.HELD), at(5))
    admitted = assigned.following(_answer(PresenceState.IN_BED), at(15))
    planned = admitted.planned(_plan(), at(40))
    confirmed = planned.confirmed(Disposition.HOME, timedelta(minutes=120), at(80))
    cancelling = assigned.ending(AdmissionState.CANCELLED, "not_needed", at(7))
    not_come = assigned.ending(AdmissionState.NO_SHOW, "did_not_come", at(60))
    withdrawn = _answer(PresenceState.WITHDRAWN)
    yield happened(A.REQUESTED, ADMISSION, asked, None)
    yield happened(
        A.CHANGED, ADMISSION, asked.wanting(replace(wanted, priority=Priority.EMERGENCY), at(6)), asked
    )
    yield happened(A.BED_ASSIGNED, ADMISSION, assigned, asked)
    yield happened(A.ADMITTED, ADMISSION, admitted, assigned)
    yield happened(A.CANCELLING, ADMISSION, cancelling, assigned)
    yield happened(A.CANCELLED, ADMISSION, cancelling.following(withdrawn, at(8)), cancelling)
    yield happened(A.NO_SHOW, ADMISSION, not_come.following(withdrawn, at(61)), not_come)
    yield happened(A.DISCHARGE_PLANNED, ADMISSION, planned, admitted)
    yield happened(A.DISCHARGE_CONFIRMED, ADMISSION, confirmed, planned)
    left = _answer(PresenceState.LEFT)
    discharged = confirmed.following(left, at(90))
    yield happened(A.DISCHARGED, ADMISSION, discharged, confirmed)
    mistaken = discharged.erroneous("wrong_patient", at(97))
    yield happened(A.ENTERED_IN_ERROR, ADMISSION, mistaken, discharged)
    yield happened(A.REOPENED, ADMISSION, discharged.reopened("not_gone_yet", at(95)), discharged)
    yield repeated(ADMISSION_TOPIC, ADMISSION, admitted)


def _plan() -> Plan:
    steps = (Step("medicines", done=True, delay_reason_code=None), Step("transport", False, "no_vehicle"))
    return Plan(at(90).at, None, steps)


def _answer(state: PresenceState) -> Answer:
    bed = None if state in (PresenceState.LEFT, PresenceState.WITHDRAWN) else BED
    return Answer(1, 1, state, None, DEPARTMENT, bed, None)
