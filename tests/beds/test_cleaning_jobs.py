"""A cleaning job by itself: its steps, who may look, what its targets count."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from beds.domain.cleaning import (
    OPEN,
    STEPS,
    CleaningJob,
    CleaningPriority,
    CleaningState,
    CleaningType,
    ReasonNeeded,
    SamePerson,
    WrongJobState,
)
from beds.domain.targets import Targets
from common.ids import new_id
from common.stamp import Stamp

T0 = datetime(2026, 11, 24, 8, tzinfo=UTC)
LIMITS = Targets(response=30, cleaning=30, turnaround=60)
CLEANER, OTHER = "user/cleaner", "user/other"
C, T, P = CleaningState, CleaningType, CleaningPriority

ACTS: dict[str, Any] = {
    "accept": lambda job, stamp: job.accepted(stamp),
    "start": lambda job, stamp: job.started(stamp),
    "suspend": lambda job, stamp: job.suspended(stamp),
    "resume": lambda job, stamp: job.resumed(stamp),
    "complete": lambda job, stamp: job.completed(stamp),
    "inspect": lambda job, stamp: job.inspected(True, None, stamp),
    "cancel": lambda job, stamp: job.cancelled(stamp),
}
WAY_TO = {
    C.REQUESTED: (),
    C.ACCEPTED: ("accept",),
    C.STARTED: ("accept", "start"),
    C.SUSPENDED: ("start", "suspend"),
    C.COMPLETED: ("start", "complete"),
    C.INSPECTED: ("start", "complete", "inspect"),
    C.CANCELLED: ("cancel",),
}


def at(minute: float, by: str = CLEANER) -> Stamp:
    return Stamp(T0 + timedelta(minutes=minute), by)


def a_job(*steps: tuple[str, float], kind: CleaningType = T.DISCHARGE) -> CleaningJob:
    """Requested at minute 0, then brought on by these steps at their minutes."""
    job = CleaningJob.requested(new_id(), new_id(), new_id(), at(0), LIMITS, type=kind)
    for act, minute in steps:
        job = ACTS[act](job, at(minute, OTHER if act == "inspect" else CLEANER))
    return job


def a_job_that_is(state: CleaningState) -> CleaningJob:
    return a_job(*((act, minute) for minute, act in enumerate(WAY_TO[state], 1)), kind=T.ISOLATION_TERMINAL)


@pytest.mark.parametrize("state", C)
@pytest.mark.parametrize("act", ACTS)
def test_a_step_is_taken_from_its_sources_only(act: str, state: CleaningState):
    job = a_job_that_is(state)
    if state in STEPS[act].sources:
        after = ACTS[act](job, at(9, OTHER))
        assert (after.state, after.version, after.changed_by) == (STEPS[act].becomes, job.version + 1, OTHER)
    else:
        with pytest.raises(WrongJobState) as refused:
            ACTS[act](job, at(9, OTHER))
        assert refused.value.facts["state"] is state


def test_the_steps_are_those_of_the_ward():
    """Written out once more: whoever changes the table changes what wards rely on."""
    assert {act: (set(step.sources), step.becomes) for act, step in STEPS.items()} == {
        "accept": ({"requested"}, "accepted"),
        "start": ({"requested", "accepted"}, "started"),
        "suspend": ({"started"}, "suspended"),
        "resume": ({"suspended"}, "started"),
        "complete": ({"started"}, "completed"),
        "inspect": ({"completed"}, "inspected"),
        "cancel": ({"requested", "accepted", "started", "suspended"}, "cancelled"),
    }


def test_each_step_has_its_stamp():
    job = a_job(
        *(("accept", 1), ("start", 2), ("suspend", 3), ("resume", 5), ("complete", 9), ("inspect", 12)),
        kind=T.ISOLATION_TERMINAL,
    )
    stamps = (job.requested_at, job.accepted_at, job.started_at, job.suspended_at, job.completed_at)
    assert stamps == tuple(at(minute).at for minute in (0, 1, 2, 3, 9))
    assert (job.inspected_at, job.inspected_by, job.passed) == (at(12).at, OTHER, True)
    assert (job.accepted_by, job.started_by, job.cleaned_by) == (CLEANER, CLEANER, (CLEANER,))


# Inspection


@pytest.mark.parametrize("part", ["start", "resume", "complete"])
def test_nobody_inspects_what_they_took_part_in(part: str):
    job = CleaningJob.requested(new_id(), new_id(), new_id(), at(0), LIMITS, type=T.ISOLATION_TERMINAL)
    for minute, act in enumerate(("start", "suspend", "resume", "complete")):
        job = ACTS[act](job, at(minute, "user/inspector" if act == part else CLEANER))
    with pytest.raises(SamePerson):
        job.inspected(True, None, at(9, "user/inspector"))
    assert job.inspected(True, None, at(9, OTHER)).passed is True


@pytest.mark.parametrize("kind", [kind for kind in T if kind is not T.ISOLATION_TERMINAL])
def test_only_a_cleaning_after_isolation_is_inspected(kind: CleaningType):
    with pytest.raises(WrongJobState):
        a_job(("start", 1), ("complete", 2), kind=kind).inspected(True, None, at(3, OTHER))


def test_a_failed_inspection_says_why():
    job = a_job_that_is(C.COMPLETED)
    with pytest.raises(ReasonNeeded) as refused:
        job.inspected(False, None, at(9, OTHER))
    assert [error["field"] for error in refused.value.errors] == ["body.reason_code"]
    failed = job.inspected(False, "residue", at(9, OTHER))
    assert (failed.state, failed.passed, failed.reason_code) == (C.INSPECTED, False, "residue")


# What gives way


@pytest.mark.parametrize("state", C)
def test_only_what_nobody_has_started_gives_way(state: CleaningState):
    job = a_job_that_is(state)
    assert job.gives_way_to(T.ISOLATION_TERMINAL, P.STAT) == (state in ("requested", "accepted"))


@pytest.mark.parametrize(
    ("kind", "priority", "gives_way"),
    [
        (T.DISCHARGE, P.STAT, True),
        (T.DISCHARGE, P.CLEAN_NEXT, True),
        (T.DISCHARGE, P.NORMAL, False),
        (T.ISOLATION_TERMINAL, P.NORMAL, True),
        (T.SPILL, P.STAT, False),
        (T.TRANSFER, P.STAT, False),
    ],
)
def test_a_job_gives_way_to_the_same_more_urgently_or_to_isolation(
    kind: CleaningType, priority: CleaningPriority, gives_way: bool
):
    assert a_job().gives_way_to(kind, priority) == gives_way


def test_isolation_gives_way_to_nothing_less():
    job = a_job(kind=T.ISOLATION_TERMINAL)
    assert not job.gives_way_to(T.DISCHARGE, P.STAT)
    assert not a_job(("accept", 1)).gives_way_to(T.DISCHARGE, P.NORMAL)


# Targets


def missed_at(job: CleaningJob, minute: float) -> set[str]:
    return set(job.settled(at(minute).at).missed)


def test_a_response_is_missed_when_its_time_is_over_and_again_at_half_as_much():
    job = a_job()
    assert missed_at(job, 29.9) == set()
    assert missed_at(job, 30) == {"response_100"}
    assert missed_at(job, 45) == {"response_100", "response_150"}
    assert missed_at(job, 60) == {"response_100", "response_150", "turnaround_100"}
    assert missed_at(job, 90) == {"response_100", "response_150", "turnaround_100", "turnaround_150"}


def test_on_the_way_is_no_response_yet():
    assert missed_at(a_job(("accept", 2)), 30) == {"response_100"}


def test_what_was_done_in_time_is_never_missed():
    job = a_job(("start", 29), ("complete", 58))
    assert missed_at(job, 10_000) == set()
    assert job.due_at is None


def test_what_was_late_stays_missed():
    job = a_job(("start", 31), ("complete", 62))
    assert missed_at(job, 62) == missed_at(job, 10_000) == {"response_100", "cleaning_100", "turnaround_100"}


def test_time_suspended_is_no_cleaning_time_but_turnaround():
    job = a_job(("start", 0), ("suspend", 20), ("resume", 50))
    assert missed_at(job, 59) == set()
    assert missed_at(job, 60) == {"cleaning_100", "turnaround_100"}  # 20 minutes and 10
    assert missed_at(a_job(("start", 0), ("suspend", 20)), 59) == set()


def test_what_is_not_needed_any_more_misses_nothing():
    assert missed_at(a_job(("cancel", 10)), 1_000) == set()
    assert a_job(("cancel", 10)).due_at is None


def test_limits_are_those_of_the_job():
    quick = Targets(response=10, cleaning=20, turnaround=90)
    job = CleaningJob.requested(new_id(), new_id(), new_id(), at(0), quick, type=T.SPILL)
    assert missed_at(job, 15) == {"response_100", "response_150"}


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[str, float]]:
    """Steps that can follow each other, at minutes that grow."""
    steps: list[tuple[str, float]] = []
    state, minute = C.REQUESTED, 0.0
    while acts := [act for act, step in STEPS.items() if state in step.sources and act != "inspect"]:
        if not draw(st.booleans()):
            break
        act = draw(st.sampled_from(acts))
        minute += draw(st.integers(1, 60))
        steps.append((act, minute))
        state = STEPS[act].becomes
    return steps


@given(lives(), st.lists(st.integers(0, 400), min_size=1, max_size=8))
def test_each_miss_is_told_once_whenever_somebody_looks(life: list[tuple[str, float]], looks: list[int]):
    """However late and however often the timer comes, it tells of exactly what the clock says, each once."""
    moments = sorted([(minute, act) for act, minute in life] + [(float(minute), "") for minute in looks])
    job, told, shown = a_job(), [], a_job()
    for minute, act in moments:
        if act:
            job, shown = (ACTS[act](one, at(minute)) for one in (job, shown))
            continue
        while (miss := job.next_miss()) and miss.at <= at(minute).at:
            job = job.told(miss, at(minute, "service/beds"))
            told.append(miss.name)
        assert job.due_at is None or job.due_at > at(minute).at
        if shown.state is not C.CANCELLED:
            assert set(told) == set(job.missed) == missed_at(shown, minute)
    assert len(told) == len(set(told))


@given(lives())
def test_cleaning_time_is_what_lies_between_starts_and_stops(life: list[tuple[str, float]]):
    job = a_job(*life)
    spent, since = 0.0, None
    for act, minute in life:
        if act in ("start", "resume"):
            since = minute
        elif since is not None:
            spent, since = spent + minute - since, None
    if job.state is C.COMPLETED and job.completed_at and job.counted_from:
        assert job.completed_at - job.counted_from == timedelta(minutes=spent)


@given(lives())
def test_an_open_job_is_always_due_some_day(life: list[tuple[str, float]]):
    """Unless everything is told: the timer looks at nothing but `due_at`."""
    job = a_job(*life)
    assert (job.due_at is not None) or job.state not in OPEN
