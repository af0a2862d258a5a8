"""Cleaning jobs: requested, accepted, done, inspected; the bed follows where it waits to be cleaned."""

from uuid import UUID

from beds import records
from beds.domain.bed import Bed, BedState, WrongBedState
from beds.domain.cleaning import (
    AFTER_A_STAY,
    AlreadyRequested,
    CleaningJob,
    CleaningPriority,
    CleaningType,
)
from beds.events import BedEvent, CleaningJobEvent, FoundDirty, TargetMissed, happened
from beds.handlers.recording import open_cleaning, save_bed
from beds.policies import POLICIES, Act
from beds.queries import BED_OF_JOB
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import NotFound
from common.idempotency import Outcome
from common.stamp import Stamp


@command
async def request_cleaning(
    act: UnitOfWork, caller: Caller, bed_id: UUID, kind: CleaningType, priority: CleaningPriority
) -> Outcome:
    """One more cleaning of a bed, such as a spill beside a patient, or the one that waits, more urgently.

    Raises `AlreadyRequested`; `WrongBedState` for a cleaning after a stay where no patient has left.
    """
    bed = await records.beds.lock(act, bed_id)
    waiting = await records.lock_open_job(act, bed_id)
    POLICIES.allow(caller, Act.CLEAN, bed.department_id)
    stamp = await act.stamp(bed, waiting)
    if kind in AFTER_A_STAY and bed.state is not BedState.DIRTY:
        raise WrongBedState(**bed.facts())
    if waiting is not None and not waiting.gives_way_to(kind, priority):
        raise AlreadyRequested(**waiting.facts())

    since = waiting.requested_at if waiting else None
    return Outcome(201, await open_cleaning(act, bed, stamp, kind, priority, since))


@command
async def accept_cleaning(act: UnitOfWork, caller: Caller, job_id: UUID) -> Outcome:
    """Somebody is on the way; of two who say so at once one is refused."""
    _, job, stamp = await _lock(act, caller, job_id)
    return await _save(act, CleaningJobEvent.ACCEPTED, job, job.accepted(stamp))


@command
async def start_cleaning(act: UnitOfWork, caller: Caller, job_id: UUID) -> Outcome:
    """From here on the bed is nobody's own dirty bed any more."""
    bed, job, stamp = await _lock(act, caller, job_id)
    started = job.started(stamp)
    if bed.state is BedState.DIRTY:
        await save_bed(act, BedEvent.CHANGED, bed, bed.cleaning_started(stamp))
    return await _save(act, CleaningJobEvent.STARTED, job, started)


@command
async def suspend_cleaning(act: UnitOfWork, caller: Caller, job_id: UUID) -> Outcome:
    """Called away: the bed stays as it is, and the time until resumed is no cleaning time."""
    _, job, stamp = await _lock(act, caller, job_id)
    return await _save(act, CleaningJobEvent.SUSPENDED, job, job.suspended(stamp))


@command
async def resume_cleaning(act: UnitOfWork, caller: Caller, job_id: UUID) -> Outcome:
    _, job, stamp = await _lock(act, caller, job_id)
    return await _save(act, CleaningJobEvent.RESUMED, job, job.resumed(stamp))


@command
async def complete_cleaning(act: UnitOfWork, caller: Caller, job_id: UUID) -> Outcome:
    """The bed is clean and available, and whoever waits is placed next; after isolation it is inspected first."""
    bed, job, stamp = await _lock(act, caller, job_id)
    completed = job.completed(stamp)
    if bed.state is BedState.CLEANING and job.type is CleaningType.ISOLATION_TERMINAL:
        await save_bed(act, BedEvent.CHANGED, bed, bed.to_be_inspected(stamp))
    elif bed.state is BedState.CLEANING:
        await save_bed(act, BedEvent.READIED, bed, bed.cleaned(stamp))
    return await _save(act, CleaningJobEvent.COMPLETED, job, completed)


@command
async def inspect_cleaning(
    act: UnitOfWork, caller: Caller, job_id: UUID, passed: bool, reason_code: str | None
) -> Outcome:
    """Passed, the bed is available; failed, it is dirty and cleaned once more, as urgently as before."""
    bed, job, stamp = await _lock(act, caller, job_id)
    inspected = job.inspected(passed, reason_code, stamp)
    if passed:
        await save_bed(act, BedEvent.READIED, bed, bed.passed(job.completed_at, stamp))
    else:
        await save_bed(act, BedEvent.CHANGED, bed, bed.failed(stamp), FoundDirty(reason_code))
        await open_cleaning(act, bed, stamp, job.type, job.priority)
    return await _save(act, CleaningJobEvent.INSPECTED, job, inspected)


async def tell_missed_target(act: UnitOfWork) -> bool:
    """Records one miss of a target that the clock has brought. Nothing depends on it: reads look for themselves."""
    job = await records.lock_due_job(act)
    if job is None or (miss := job.next_miss()) is None:
        return False
    told = job.told(miss, await act.stamp(job))
    await _save(act, CleaningJobEvent.TARGET_MISSED, job, told, TargetMissed(miss.target, miss.percent))
    return True


async def _lock(act: UnitOfWork, caller: Caller, job_id: UUID) -> tuple[Bed, CleaningJob, Stamp]:
    bed_id = await act.value(BED_OF_JOB, of_job=job_id)
    if bed_id is None:
        raise NotFound
    bed = await records.beds.lock(act, bed_id)
    job = await records.cleaning_jobs.lock(act, job_id)
    POLICIES.allow(caller, Act.CLEAN, bed.department_id)
    stamp = await act.stamp(bed, job)
    act.demand.expect(job.tag(stamp.at))
    return bed, job, stamp


async def _save(
    act: UnitOfWork,
    what: CleaningJobEvent,
    before: CleaningJob,
    after: CleaningJob,
    facts: TargetMissed | None = None,
) -> Outcome:
    await records.cleaning_jobs.save(act, after)
    act.publish(happened(what, after.id, after, before, facts))
    return Outcome(200, after.id)
