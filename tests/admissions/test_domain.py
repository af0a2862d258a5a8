"""Admissions and patients as values: the table of answers cell by cell, and what each person may ask for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from admissions.domain.admission import (
    OPEN,
    TARGETS,
    Admission,
    AdmissionClosed,
    AdmissionState,
    AlreadyArrived,
    AlreadyConfirmed,
    Answer,
    Asked,
    Cancelling,
    Disposition,
    ImpossibleAnswer,
    NotAdmitted,
    PresenceState,
    Priority,
    Want,
)
from admissions.domain.needs import Needs
from admissions.domain.patient import Identity, Patient
from admissions.events import BECAME
from common.errors import Invalid, Refusal
from common.ids import new_id
from common.stamp import Stamp

A, P = AdmissionState, PresenceState
T = datetime(2026, 11, 24, 10, tzinfo=UTC)
NOW = Stamp(T, "user/somebody")
EARLIER = Stamp(T - timedelta(hours=1), "user/somebody_else")
TARGET = timedelta(minutes=120)
ASKED = Asked(new_id(), None, Priority.URGENT, Needs(), ready=True)
OTHERWISE = replace(ASKED, department_id=new_id())
WANT, OTHER_WANT = (Want.of(asked, EARLIER.at) for asked in (ASKED, OTHERWISE))


def an_admission(state: AdmissionState = A.REQUESTED, target: AdmissionState = A.CANCELLED) -> Admission:
    admission = Admission.requested(new_id(), new_id(), ASKED, EARLIER)
    if state is A.CANCELLING:
        return admission.ending(target, "by_mistake", EARLIER)
    return replace(admission, state=state)


def an_answer(state: PresenceState, refusal: str | None = None) -> Answer:
    return Answer(1, 2, state, refusal, None, None, None)


# What beds answers

#: The table of domain §2: what an answer makes of an open admission and of one that is being cancelled.
TABLE = {
    P.QUEUED: (A.REQUESTED, None),
    P.HELD: (A.BED_ASSIGNED, None),
    P.IN_BED: (A.ADMITTED, A.ADMITTED),
    P.ON_LEAVE: (A.ON_LEAVE, A.ON_LEAVE),
    P.LEFT: (A.DISCHARGED, A.DISCHARGED),
    P.WITHDRAWN: (None, A.CANCELLED),
}
WAITING_OR_HERE = tuple(state for state in OPEN if state is not A.CANCELLING)


@pytest.mark.parametrize(("was", "answer"), list(product(WAITING_OR_HERE, P)))
def test_an_open_admission_follows_its_placement(was: AdmissionState, answer: PresenceState):
    admission, becomes = an_admission(was), TABLE[answer][0]
    if becomes is None:
        with pytest.raises(ImpossibleAnswer):
            admission.following(an_answer(answer), NOW)
        return
    followed = admission.following(an_answer(answer), NOW)
    assert followed.state is becomes
    assert (followed.want, followed.want_version) == (WANT, 1)  # only people want something else
    if becomes is was:
        assert followed is admission
    else:
        assert (followed.version, followed.changed_at) == (2, T)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("answer", list(P))
def test_what_is_being_cancelled_ends_as_beds_says(answer: PresenceState, target: AdmissionState):
    admission, becomes = an_admission(A.CANCELLING, target), TABLE[answer][1]
    if (answer, target) == (P.LEFT, A.ENTERED_IN_ERROR):
        becomes = A.CANCELLED  # as what it is to end: also stays that were may have been an error
    if becomes is None:
        with pytest.raises(ImpossibleAnswer):
            admission.following(an_answer(answer), NOW)
        return
    followed = admission.following(an_answer(answer), NOW)
    assert followed.state is (target if becomes is A.CANCELLED else becomes)
    assert followed.target is None
    assert followed.version == admission.version + 1


@pytest.mark.parametrize(
    ("answer", "becomes"),
    [
        (an_answer(P.IN_BED), A.ADMITTED),
        (an_answer(P.ON_LEAVE), A.ON_LEAVE),
        (an_answer(P.QUEUED, "recovered"), A.REQUESTED),
    ],
)
def test_a_refused_cancel_wants_again_what_it_wanted(answer: Answer, becomes: AdmissionState):
    admission = an_admission(A.CANCELLING)
    refused = admission.following(answer, NOW)
    assert (refused.state, refused.want, refused.reason_code) == (becomes, WANT, None)
    assert refused.want_version == refused.version == admission.version + 1


@pytest.mark.parametrize("refusal", ["no_bed", "released", "expired", "reversed"])
def test_a_queued_answer_to_a_cancel_cannot_be(refusal: str):
    with pytest.raises(ImpossibleAnswer) as alarm:
        an_admission(A.CANCELLING).following(an_answer(P.QUEUED, refusal), NOW)
    assert alarm.value.facts == {"state": A.CANCELLING, "placement": P.QUEUED}


@pytest.mark.parametrize("answer", list(P))
@pytest.mark.parametrize("closed", [state for state in A if state not in OPEN])
def test_closed_admissions_change_by_no_event(closed: AdmissionState, answer: PresenceState):
    admission = an_admission(closed)
    assert admission.following(an_answer(answer), NOW) is admission


def test_each_change_by_an_answer_has_its_event():
    assert BECAME.keys() == set(A) - {A.CANCELLING}


# What people ask for

NOT_ANY_MORE: dict[AdmissionState, type[Refusal]] = {
    A.ADMITTED: AlreadyArrived,
    A.ON_LEAVE: AlreadyArrived,
    A.CANCELLING: Cancelling,
    A.DISCHARGED: AdmissionClosed,
    A.CANCELLED: AdmissionClosed,
    A.NO_SHOW: AdmissionClosed,
    A.ENTERED_IN_ERROR: AdmissionClosed,
}


def test_a_new_admission_wants_what_was_asked():
    admission = an_admission()
    assert (admission.state, admission.want, admission.asked) == (A.REQUESTED, WANT, WANT)
    assert (admission.version, admission.want_version, admission.stay_number) == (1, 1, 1)


@pytest.mark.parametrize("state", list(A))
def test_another_bed_is_wanted_before_the_arrival_only(state: AdmissionState):
    admission = an_admission(state)
    if state in NOT_ANY_MORE:
        with pytest.raises(NOT_ANY_MORE[state]) as refused:
            admission.wanting(OTHERWISE, NOW)
        assert refused.value.facts["state"] == state
    else:
        changed = admission.wanting(OTHERWISE, NOW)
        assert (changed.state, changed.want, changed.asked) == (state, OTHER_WANT, OTHER_WANT)
        assert changed.want_version == changed.version == 2
        assert changed.department_id == OTHER_WANT.department_id


@pytest.mark.parametrize("target", [A.CANCELLED, A.NO_SHOW])
@pytest.mark.parametrize("state", list(A))
def test_an_admission_is_cancelled_before_the_arrival_only(state: AdmissionState, target: AdmissionState):
    admission = an_admission(state)
    if state in NOT_ANY_MORE:
        with pytest.raises(NOT_ANY_MORE[state]):
            admission.ending(target, "by_mistake", NOW)
    else:
        ending = admission.ending(target, "by_mistake", NOW)
        assert (ending.state, ending.target, ending.reason_code) == (A.CANCELLING, target, "by_mistake")
        assert (ending.want, ending.asked) == (None, WANT)
        assert ending.want_version == ending.version == 2


@pytest.mark.parametrize("state", list(A))
def test_what_is_over_may_have_been_an_error(state: AdmissionState):
    admission = an_admission(state)
    if state in (A.DISCHARGED, A.CANCELLED, A.NO_SHOW):
        mistaken = admission.erroneous("wrong_patient", NOW)
        assert (mistaken.state, mistaken.want_version) == (A.ENTERED_IN_ERROR, admission.want_version)
    elif state in NOT_ANY_MORE:
        with pytest.raises(NOT_ANY_MORE[state]):
            admission.erroneous("wrong_patient", NOW)
    else:
        mistaken = admission.erroneous("wrong_patient", NOW)
        assert (mistaken.state, mistaken.target, mistaken.want) == (A.CANCELLING, A.ENTERED_IN_ERROR, None)


@pytest.mark.parametrize("state", list(A))
def test_a_discharge_is_confirmed_of_whoever_arrived(state: AdmissionState):
    admission = an_admission(state)
    if state not in (A.ADMITTED, A.ON_LEAVE, A.DISCHARGED):
        with pytest.raises(NotAdmitted):
            admission.confirmed(Disposition.HOME, TARGET, NOW)
        return
    confirmed = admission.confirmed(Disposition.HOME, TARGET, NOW)
    assert (confirmed.state, confirmed.disposition) == (state, Disposition.HOME)
    assert (confirmed.discharge_confirmed_at, confirmed.discharge_confirmed_by) == (T, NOW.by)
    assert confirmed.want_version == 1
    with pytest.raises(AlreadyConfirmed):
        confirmed.confirmed(Disposition.OTHER, TARGET, NOW)


# Patients


def a_patient(identity: Identity, *, unidentified: bool = False) -> Patient:
    return Patient.registered(
        new_id(), identity, NOW, unidentified=unidentified, privacy=False, mother_id=None
    )


@pytest.mark.parametrize(
    ("identity", "missing"),
    [
        (Identity(), ["body.mrn", "body.name"]),
        (Identity(mrn="M-1"), ["body.name"]),
        (Identity(name="Doe, Jane", date_of_birth=date(1980, 2, 3)), ["body.mrn"]),
    ],
)
def test_a_patient_has_a_record_number_and_a_name(identity: Identity, missing: list[str]):
    with pytest.raises(Invalid) as refused:
        a_patient(identity)
    assert [error["field"] for error in refused.value.errors] == missing
    assert a_patient(identity, unidentified=True).unidentified


def test_an_unidentified_patient_is_identified_for_good_by_both():
    patient = a_patient(Identity(), unidentified=True)
    named = patient.corrected(Identity(name="Doe, Jane"), NOW, privacy=None)
    assert named.unidentified
    known = named.corrected(Identity(mrn="M-1", name="Doe, Jane"), NOW, privacy=None)
    assert (known.unidentified, known.version) == (False, 3)
    with pytest.raises(Invalid):
        known.corrected(Identity(mrn="M-1"), NOW, privacy=None)


def test_privacy_changes_only_when_it_is_named():
    patient = a_patient(Identity(mrn="M-1", name="Doe, Jane"))
    hidden = patient.corrected(Identity(mrn="M-1", name="Doe, Jane"), NOW, privacy=True)
    assert hidden.privacy
    assert hidden.corrected(Identity(mrn="M-1", name="Doe, Jane"), NOW, privacy=None).privacy
