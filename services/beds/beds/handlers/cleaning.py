"""Cleaning jobs: requested, started, completed; the bed follows where it waits to be cleaned."""

from uuid import UUID

from beds import records
from beds.domain.bed import Bed, BedState
from beds.domain.cleaning import CleaningJob, CleaningPriority, CleaningType
from beds.events import BedEvent, CleaningJobEvent, happened
from beds.handlers.recording import save_bed
from beds.policies import POLICIES, Act
from beds.queries import BED_OF_JOB
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import NotFound
from common.idempotency import Outcome
from common.ids import new_id
from common.stamp import Stamp


@command
async def request_cleaning(
    act: UnitOfWork, caller: Caller, bed_id: UUID, kind: CleaningType, priority: CleaningPriority
) -> Outcome:
    """One more cleaning of a bed, such as a spill beside a patient. Raises `AlreadyRequested`."""
    bed = await records.beds.lock(act, bed_id)
    POLICIES.allow(caller, Act.CLEAN, bed.department_id)
    stamp = await act.stamp(bed)
    job = CleaningJob.requested(new_id(), bed_id, bed.department_id, stamp, type=kind, priority=priority)
    await records.cleaning_jobs.add(act, job)
    act.publish(happened(CleaningJobEvent.REQUESTED, job.id, job, None))
    return Outcome(201, job.id)


@command
async def start_cleaning(act: UnitOfWork, caller: Caller, job_id: UUID) -> Outcome:
    """From here on the bed is nobody's own dirty bed any more."""
    bed, job, stamp = await _lock(act, caller, job_id)
    started = job.started(stamp)
    await records.cleaning_jobs.save(act, started)
    if bed.state is BedState.DIRTY:
        await save_bed(act, BedEvent.CHANGED, bed, bed.cleaning_started(stamp))
    act.publish(happened(CleaningJobEvent.STARTED, job_id, started, job))
    return Outcome(200, job_id)


@command
async def complete_cleaning(act: UnitOfWork, caller: Caller, job_id: UUID) -> Outcome:
    """The bed is clean and available; whoever waits for it is placed next."""
    bed, job, stamp = await _lock(act, caller, job_id)
    completed = job.completed(stamp)
    await records.cleaning_jobs.save(act, completed)
    if bed.state is BedState.CLEANING:
        await save_bed(act, BedEvent.READIED, bed, bed.cleaned(stamp))
    act.publish(happened(CleaningJobEvent.COMPLETED, job_id, completed, job))
    return Outcome(200, job_id)


async def _lock(act: UnitOfWork, caller: Caller, job_id: UUID) -> tuple[Bed, CleaningJob, Stamp]:
    bed_id = await act.value(BED_OF_JOB, of_job=job_id)
    if bed_id is None:
        raise NotFound
    bed = await records.beds.lock(act, bed_id)
    job = await records.cleaning_jobs.lock(act, job_id)
    POLICIES.allow(caller, Act.CLEAN, bed.department_id)
    stamp = await act.stamp(bed, job)
    act.demand.expect(job.tag())
    return bed, job, stamp
