"""Beds and placements as values: every step, every refusal, and the protocol line by line (domain §2, §3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from beds.domain.bed import (
    STATUS,
    TRANSITIONS,
    Bed,
    BedNotDirty,
    BedNotReady,
    BedOccupied,
    BedState,
    BedTaken,
    HeldForAnother,
    WrongBedState,
)
from beds.domain.placement import (
    AlreadyArrived,
    AlreadyThere,
    HoldExpired,
    NotInABed,
    NotOnLeave,
    NotWaiting,
    Placement,
    PlacementState,
    Priority,
    Reconciled,
    TransferNeeded,
    Unplaced,
    Want,
    Wish,
    check_reported,
    reconcile,
)
from beds.domain.rules import Needs
from common.errors import Invalid
from common.ids import new_id
from common.stamp import Stamp

S, P = BedState, PlacementState
T = datetime(2026, 11, 24, 10, tzinfo=UTC)
NOW = Stamp(T, "user/somebody")
HOUR = timedelta(hours=1)
ADMISSION, PATIENT, OTHER, WARD, ELSEWHERE = (new_id() for _ in range(5))
WANT = Want(WARD, None, Priority.URGENT, Needs(), ready=True, requested_at=T - 2 * HOUR)


def a_bed(state: BedState = S.AVAILABLE, *, until: datetime = T + HOUR, soiled_by: UUID | None = None) -> Bed:
    """Held or occupied for ADMISSION where it is either."""
    bed = Bed.added(new_id(), WARD, None, "B1", Stamp(T - HOUR, "user/admin"))
    bed = replace(bed, state=state, soiled_by=soiled_by)
    if state is S.HELD:
        return replace(bed, hold_id=new_id(), held_until=until, admission_id=ADMISSION, patient_id=PATIENT)
    return replace(bed, admission_id=ADMISSION, patient_id=PATIENT) if state is S.OCCUPIED else bed


def a_placement(
    state: PlacementState = P.QUEUED,
    *,
    want: Want | None = WANT,
    until: datetime = T + HOUR,
    refusal: Unplaced | None = None,
    stay_number: int = 1,
    department: UUID = WARD,
) -> Placement:
    first = Placement.first(Wish(ADMISSION, PATIENT, want, 1, 1), Stamp(T - HOUR, "service/beds"))
    placed = state in (P.HELD, P.IN_BED, P.ON_LEAVE)
    return replace(
        first,
        state=state,
        want=want,
        want_version=1,
        version=1,
        department_id=department,
        bed_id=new_id() if placed else None,
        hold_id=new_id() if state is P.HELD else None,
        held_until=until if state is P.HELD else None,
        refusal=refusal,
        stay_number=stay_number,
    )


# Beds

#: From which states each act is possible, and what it makes of the bed.
ACTS = {
    "held": (lambda bed: bed.held(new_id(), OTHER, OTHER, T + HOUR, NOW), {S.AVAILABLE}, S.HELD),
    "occupied": (lambda bed: bed.occupied(ADMISSION, PATIENT, NOW), {S.AVAILABLE, S.HELD}, S.OCCUPIED),
    "released": (lambda bed: bed.released(NOW), {S.HELD, S.DIRTY, S.CLEANING, S.INSPECT}, S.AVAILABLE),
    "vacated": (lambda bed: bed.vacated(NOW), {S.OCCUPIED, S.BLOCKED, S.CLOSED, S.INSPECT}, S.DIRTY),
    "cleaning_started": (lambda bed: bed.cleaning_started(NOW), {S.DIRTY}, S.CLEANING),
    "to_be_inspected": (lambda bed: bed.to_be_inspected(NOW), {S.CLEANING}, S.INSPECT),
    "readied": (lambda bed: bed.readied(NOW), {S.DIRTY}, S.AVAILABLE),
    "blocked": (lambda bed: bed.blocked("repair", None, NOW), {S.AVAILABLE, S.DIRTY}, S.BLOCKED),
    "unblocked": (lambda bed: bed.unblocked(NOW), {S.BLOCKED}, S.DIRTY),
    "closed": (lambda bed: bed.closed(NOW), {S.AVAILABLE, S.DIRTY, S.BLOCKED}, S.CLOSED),
    "opened": (lambda bed: bed.opened(NOW), {S.CLOSED}, S.DIRTY),
}
REFUSED = (BedTaken, BedNotReady, HeldForAnother, BedOccupied, BedNotDirty, WrongBedState)


@pytest.mark.parametrize(("act", "was"), list(product(ACTS, S)))
def test_an_act_is_possible_from_its_states_only(act: str, was: BedState):
    do, possible, becomes = ACTS[act]
    bed = a_bed(was)
    if was in possible:
        after = do(bed)
        assert (after.state, after.version, after.since, after.changed_by) == (becomes, 2, T, NOW.by)
        assert (was, becomes) in TRANSITIONS
    else:
        with pytest.raises(REFUSED) as refused:
            do(bed)
        assert refused.value.facts["state"] == was


def test_no_step_leads_from_occupied_to_anything_but_dirty():
    assert {becomes for was, becomes in TRANSITIONS if was is S.OCCUPIED} == {S.DIRTY}


def test_every_state_has_its_words():
    assert {state: f"{word} {code}" for state, (word, code) in STATUS.items()} == {
        S.AVAILABLE: "available U",
        S.HELD: "available U",
        S.OCCUPIED: "occupied O",
        S.DIRTY: "cleaning K",
        S.CLEANING: "cleaning H",
        S.INSPECT: "cleaning H",
        S.BLOCKED: "maintenance C",
        S.CLOSED: "maintenance C",
    }


def test_a_new_bed_is_dirty():
    assert Bed.added(new_id(), WARD, None, "B1", NOW).state is S.DIRTY


def test_a_dirty_bed_cannot_be_held():
    with pytest.raises(BedNotReady):
        a_bed(S.DIRTY, soiled_by=ADMISSION).held(new_id(), ADMISSION, PATIENT, T + HOUR, NOW)


@pytest.mark.parametrize("state", [S.HELD, S.OCCUPIED])
def test_a_bed_of_another_is_taken(state: BedState):
    with pytest.raises(BedTaken):
        a_bed(state).held(new_id(), OTHER, OTHER, T + HOUR, NOW)


def test_a_bed_that_is_held_for_another_is_not_occupied():
    with pytest.raises(HeldForAnother):
        a_bed(S.HELD).occupied(OTHER, OTHER, NOW)


@pytest.mark.parametrize(("until", "is_over"), [(T, True), (T - HOUR, True), (T + HOUR, False)])
def test_a_hold_is_over_at_its_end(until: datetime, is_over: bool):
    bed = a_bed(S.HELD, until=until)
    assert (bed.settled(T).state is S.AVAILABLE) == is_over
    assert (bed.settled(T) is bed) == (not is_over)
    assert bed.tag(T).endswith('-1"') == is_over


def test_an_expired_hold_keeps_nobody_out():
    lapsed = a_bed(S.HELD, until=T)
    assert lapsed.held(new_id(), OTHER, OTHER, T + HOUR, NOW).admission_id == OTHER
    assert lapsed.occupied(OTHER, OTHER, NOW).admission_id == OTHER
    assert lapsed.blocked("repair", None, NOW).hold_id is None
    assert lapsed.closed(NOW).admission_id is None


def test_the_own_dirty_bed_is_free_for_its_patient_alone():
    bed = a_bed(S.OCCUPIED).vacated(NOW)
    assert (bed.soiled_by, bed.admission_id, bed.patient_id) == (ADMISSION, None, None)
    assert bed.occupied(ADMISSION, PATIENT, NOW).soiled_by is None
    with pytest.raises(BedNotReady):
        bed.occupied(OTHER, OTHER, NOW)
    with pytest.raises(BedNotReady):
        bed.cleaning_started(NOW).occupied(ADMISSION, PATIENT, NOW)


def test_whoever_soiled_a_bed_is_forgotten_once_it_is_out_of_use():
    soiled = a_bed(S.DIRTY, soiled_by=ADMISSION)
    for bed in (
        soiled.blocked("repair", None, NOW).unblocked(NOW),
        soiled.closed(NOW).opened(NOW),
        soiled.readied(NOW),
        soiled.cleaning_started(NOW),
    ):
        assert bed.soiled_by is None


def test_a_clean_bed_knows_when_it_was_cleaned():
    assert a_bed(S.CLEANING).cleaned(NOW).last_sanitized_at == T
    assert a_bed(S.DIRTY).readied(NOW).last_sanitized_at is None


def test_another_code_changes_no_state():
    bed = a_bed(S.HELD).changed(NOW, code="B2")
    assert (bed.code, bed.state, bed.version) == ("B2", S.HELD, 2)


# Placements: what beds answers, step by step


def reconciled(placement: Placement, want: Want | None, *, stay_number: int = 1) -> Reconciled:
    held_in = placement.department_id if placement.state is P.HELD else None
    wish = Wish(ADMISSION, PATIENT, want, placement.want_version + 1, stay_number)
    return reconcile(placement, wish, held_in, NOW)


def test_1_where_nothing_is_wanted_there_is_an_answer_too():
    first = Placement.first(Wish(ADMISSION, PATIENT, None, 4, 1), NOW)
    decided = reconcile(first, Wish(ADMISSION, PATIENT, None, 4, 1), None, NOW)
    answer = decided.placement.answered(NOW)
    assert (answer.state, answer.want_version, answer.version) == (P.WITHDRAWN, 4, 1)
    assert (decided.ends_hold, decided.seeks_bed) == (False, False)


@pytest.mark.parametrize("want", [None, WANT, replace(WANT, department_id=ELSEWHERE)])
@pytest.mark.parametrize(
    "placement",
    [
        a_placement(P.IN_BED),
        a_placement(P.ON_LEAVE),
        a_placement(P.QUEUED, refusal=Unplaced.RECOVERED),
        a_placement(P.LEFT),
    ],
    ids=lambda placement: f"{placement.state} {placement.refusal or ''}",
)
def test_2_presence_is_not_changed_by_a_want(placement: Placement, want: Want | None):
    decided = reconciled(placement, want)
    assert decided == (replace(placement, want=want, want_version=2), False, False)


def test_2_who_has_left_waits_again_once_reopened():
    decided = reconciled(a_placement(P.LEFT), WANT, stay_number=2)
    placement = decided.placement
    assert (placement.state, placement.stay_number, placement.left_reason_code) == (P.QUEUED, 2, None)
    assert decided.seeks_bed
    assert reconciled(a_placement(P.LEFT), None, stay_number=2).placement.state is P.LEFT


@pytest.mark.parametrize(
    ("until", "want"),
    [
        (T + HOUR, None),
        (T + HOUR, replace(WANT, department_id=ELSEWHERE)),
        (T + HOUR, replace(WANT, bed_id=new_id())),
        (T, WANT),
    ],
    ids=["nothing wanted", "other department", "other bed", "expired"],
)
def test_3_a_hold_that_no_longer_fits_is_released(until: datetime, want: Want | None):
    decided = reconciled(a_placement(P.HELD, until=until), want)
    assert decided.ends_hold
    assert (decided.placement.bed_id, decided.placement.hold_id, decided.placement.held_until) == (None,) * 3
    assert decided.seeks_bed == (want is not None)


def test_3_a_hold_that_fits_stays():
    placement = a_placement(P.HELD)
    for want in (WANT, replace(WANT, bed_id=placement.bed_id), replace(WANT, priority=Priority.EMERGENCY)):
        decided = reconciled(placement, want)
        assert decided == (replace(placement, want=want, want_version=2), False, False)


@pytest.mark.parametrize("state", [P.QUEUED, P.HELD, P.WITHDRAWN])
@pytest.mark.parametrize(("stay_number", "over"), [(1, P.WITHDRAWN), (2, P.LEFT)])
def test_4_nothing_wanted_is_withdrawn_or_left_as_before(
    state: PlacementState, stay_number: int, over: PlacementState
):
    placement = reconciled(a_placement(state, stay_number=stay_number), None).placement
    assert (placement.state, placement.refusal) == (over, None)


@pytest.mark.parametrize(
    "refusal", [Unplaced.NO_BED, Unplaced.RELEASED, Unplaced.EXPIRED, Unplaced.REVERSED], ids=str
)
def test_5_a_newer_want_seeks_a_bed_and_keeps_the_place_in_the_queue(refusal: Unplaced):
    """The place is that of the moment since which the patient has waited, whenever beds hears of it."""
    waiting = a_placement(P.QUEUED, refusal=refusal)
    decided = reconciled(waiting, replace(WANT, department_id=ELSEWHERE))
    assert decided.seeks_bed
    placement = decided.placement
    assert (placement.refusal, placement.department_id) == (Unplaced.NO_BED, ELSEWHERE)
    assert placement.since == WANT.requested_at


def test_5_nobody_has_waited_since_a_time_to_come():
    ahead = replace(WANT, requested_at=T + HOUR)  # the clock of admissions
    assert reconciled(a_placement(P.QUEUED, refusal=Unplaced.NO_BED), ahead).placement.since == T


def test_5_the_bed_that_is_found_is_held():
    bed, hold = new_id(), new_id()
    held = a_placement(P.QUEUED, refusal=Unplaced.NO_BED).held(bed, WARD, hold, T + HOUR, NOW)
    assert (held.state, held.bed_id, held.hold_id, held.held_until) == (P.HELD, bed, hold, T + HOUR)
    assert (held.refusal, held.version, held.since) == (None, 2, T)


@pytest.mark.parametrize("state", list(P))
def test_6_every_want_is_answered_with_a_higher_version(state: PlacementState):
    placement = a_placement(state)
    answer = reconciled(placement, WANT).placement.answered(NOW)
    assert (answer.version, answer.want_version, answer.changed_at) == (2, 2, T)


# What people do with a placement


@pytest.mark.parametrize(
    "placement",
    [
        a_placement(P.IN_BED),
        a_placement(P.ON_LEAVE),
        a_placement(P.LEFT),
        a_placement(P.WITHDRAWN),
        a_placement(P.QUEUED, want=None),
        a_placement(P.QUEUED, refusal=Unplaced.RECOVERED),
    ],
)
def test_who_does_not_wait_holds_nothing(placement: Placement):
    with pytest.raises(NotWaiting):
        placement.held(new_id(), WARD, new_id(), T + HOUR, NOW)


def test_the_bed_for_an_arrival_is_the_named_one_else_the_held_one():
    named, held = new_id(), a_placement(P.HELD)
    assert held.bed_for_arrival(named) == named
    assert held.bed_for_arrival(None) == held.bed_id
    assert a_placement(P.QUEUED).bed_for_arrival(named) == named
    recovered = a_placement(P.QUEUED, want=None, refusal=Unplaced.RECOVERED)
    assert recovered.bed_for_arrival(named) == named


@pytest.mark.parametrize(
    ("placement", "refusal"),
    [
        (a_placement(P.IN_BED), AlreadyArrived),
        (a_placement(P.ON_LEAVE), AlreadyArrived),
        (a_placement(P.LEFT), NotWaiting),
        (a_placement(P.WITHDRAWN, want=None), NotWaiting),
        (a_placement(P.QUEUED, want=None), NotWaiting),
        (a_placement(P.QUEUED, refusal=Unplaced.EXPIRED), HoldExpired),
        (a_placement(P.HELD, until=T).settled(T), HoldExpired),
        (a_placement(P.QUEUED, refusal=Unplaced.NO_BED), Invalid),
    ],
)
def test_an_arrival_without_a_bed_is_refused(placement: Placement, refusal: type[Exception]):
    with pytest.raises(refusal):
        placement.bed_for_arrival(None)


def test_an_arrival_ends_the_waiting():
    bed = new_id()
    arrived = a_placement(P.HELD).arrived(bed, ELSEWHERE, NOW)
    assert (arrived.state, arrived.bed_id, arrived.department_id) == (P.IN_BED, bed, ELSEWHERE)
    assert (arrived.hold_id, arrived.held_until, arrived.refusal, arrived.since) == (None, None, None, T)


def test_a_hold_that_is_over_leaves_the_patient_waiting_where_a_bed_is_wanted():
    for placement in (
        a_placement(P.HELD, until=T, department=ELSEWHERE).settled(T),
        a_placement(P.HELD, until=T, department=ELSEWHERE).unheld(Unplaced.EXPIRED, NOW),
    ):
        assert (placement.state, placement.refusal) == (P.QUEUED, Unplaced.EXPIRED)
        assert (placement.bed_id, placement.department_id) == (None, WARD)


def test_a_move_is_for_somebody_in_a_bed_to_another_of_the_same_department():
    placement = a_placement(P.IN_BED)
    assert placement.bed_id is not None
    assert placement.moved(OTHER, WARD, NOW).bed_id == OTHER
    with pytest.raises(AlreadyThere):
        placement.moved(placement.bed_id, WARD, NOW)
    with pytest.raises(TransferNeeded):
        placement.moved(OTHER, ELSEWHERE, NOW)
    for state in (P.QUEUED, P.HELD, P.ON_LEAVE, P.LEFT, P.WITHDRAWN):
        with pytest.raises(NotInABed):
            a_placement(state).moved(OTHER, WARD, NOW)


def test_a_leave_is_for_somebody_in_a_bed_and_ends_with_a_return():
    away = a_placement(P.IN_BED).left_on_leave(NOW)
    assert (away.state, away.bed_id is not None, away.since) == (P.ON_LEAVE, True, NOW.at)
    assert (back := away.returned(NOW)).state is P.IN_BED
    assert back.bed_id == away.bed_id
    for state in set(P) - {P.IN_BED}:
        with pytest.raises(NotInABed):
            a_placement(state).left_on_leave(NOW)
    for state in set(P) - {P.ON_LEAVE}:
        with pytest.raises(NotOnLeave):
            a_placement(state).returned(NOW)


def test_who_is_here_can_leave():
    for placement in (
        a_placement(P.IN_BED),
        a_placement(P.ON_LEAVE),
        a_placement(P.QUEUED, refusal=Unplaced.RECOVERED),
    ):
        left = placement.departed("home", NOW)
        assert (left.state, left.bed_id, left.refusal, left.left_reason_code) == (P.LEFT, None, None, "home")
    for state in (P.QUEUED, P.HELD, P.LEFT, P.WITHDRAWN):
        with pytest.raises(NotInABed):
            a_placement(state).departed("home", NOW)


@pytest.mark.parametrize(
    ("occurred_at", "last_movement", "is_plausible"),
    [
        (T - HOUR, None, True),
        (T - 25 * HOUR, None, False),
        (T, T - HOUR, True),
        (T - HOUR, T - HOUR, True),
        (T - HOUR - timedelta(seconds=1), T - HOUR, False),
        (T + timedelta(microseconds=1), T - HOUR, False),
        (T - 24 * HOUR, T - 48 * HOUR, True),
        (T - 24 * HOUR - timedelta(microseconds=1), T - 48 * HOUR, False),
    ],
)
def test_a_reported_time_is_within_a_day_and_after_the_last_movement(
    occurred_at: datetime, last_movement: datetime | None, is_plausible: bool
):
    if is_plausible:
        check_reported(occurred_at, last_movement, T)
    else:
        with pytest.raises(Invalid):
            check_reported(occurred_at, last_movement, T)
