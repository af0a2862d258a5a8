"""What many use cases record in the same way: a bed's step with its event, a hold taken or given up, a bed vacated."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from beds import records
from beds.domain.bed import HOLD, Bed, BedState
from beds.domain.cleaning import CleaningJob, CleaningPriority, CleaningType
from beds.domain.placement import Placement, PlacementState
from beds.domain.transfer import Transfer
from beds.events import (
    BedEvent,
    CameFrom,
    CleaningJobEvent,
    DeclaredReady,
    FoundDirty,
    Occurred,
    OfferDeclined,
    PlacementEvent,
    RulesOverridden,
    TakenBack,
    happened,
)
from beds.handlers.choosing import judge
from beds.handlers.reserving import expect_unreserved
from beds.records import occupancy
from beds.records.offers import offers
from common.db import UnitOfWork
from common.ids import new_id
from common.stamp import Stamp

BedFacts = DeclaredReady | FoundDirty | RulesOverridden


async def save_bed(
    act: UnitOfWork, what: BedEvent, before: Bed, after: Bed, facts: BedFacts | None = None
) -> None:
    """One step of a bed and its event."""
    settled = before.settled(after.changed_at)
    if settled is not before and after.state in (BedState.BLOCKED, BedState.CLOSED):
        await records.beds.save(act, settled)  # the table of allowed steps knows no blocking of a held bed
    await records.beds.save(act, after)
    act.publish(happened(what, after.id, after, before, facts))


async def save_placement(
    act: UnitOfWork,
    what: PlacementEvent,
    before: Placement | None,
    after: Placement,
    facts: CameFrom | Occurred | OfferDeclined | TakenBack | None = None,
) -> None:
    """A change of a placement and its event; `before` is None for the first. An offer ends with its hold."""
    if before is None:
        await records.placements.add(act, after)
    else:
        await records.placements.save(act, after)
        if before.offer_id not in (None, after.offer_id):
            offer = await offers.lock(act, before.offer_id)
            declined_for = facts.reason_code if isinstance(facts, OfferDeclined) else None
            await offers.save(act, offer.ended(before, after, declined_for))
    act.publish(happened(what, after.admission_id, after, before, facts))


async def take_hold(
    act: UnitOfWork,
    before: Placement | None,
    waiting: Placement,
    bed: Bed,
    stamp: Stamp,
    until: datetime | None = None,
    override: str | None = None,
    *,
    is_judged: bool = False,
) -> UUID:
    """The bed is held for the waiting placement, whose earlier hold ends. `before` is what is stored of it now.

    `override` is the reason for which overridable rules need not be kept; a bed that the rules have chosen in this act
    `is_judged`. Answers the id of the hold. Raises `PlacementRuleFailed`.
    """
    hold_id, end = new_id(), until or stamp.at + HOLD
    if before is not None:
        await occupancy.end_hold(act, before.hold_id, stamp)
    await keep_bed(act, bed, waiting, hold_id, end, stamp, override, is_judged=is_judged)
    reserved = waiting.reservation_id
    placed = waiting.held(bed.id, bed.department_id, hold_id, end, stamp, reservation_id=reserved)
    await save_placement(act, PlacementEvent.HELD, before, placed)
    return hold_id


async def keep_bed(
    act: UnitOfWork,
    bed: Bed,
    placement: Placement,
    hold_id: UUID,
    until: datetime,
    stamp: Stamp,
    override: str | None = None,
    *,
    is_judged: bool = False,
) -> None:
    """The bed is held for this patient until then, whether waiting or in another bed.

    Raises `PlacementRuleFailed`, and `BedReserved` also for a time long after the hold: it promises a stay.
    """
    held = bed.held(hold_id, placement.admission_id, placement.patient_id, until, stamp)
    if not is_judged:
        await expect_unreserved(act, bed.id, stamp.at, own=placement.reservation_id)
        held = held.despite(await judge(act, bed, placement, stamp.at, overriding=override is not None))
    await occupancy.add_hold(act, held)
    await save_bed(act, BedEvent.HELD, bed, held, RulesOverridden((held.overridden and override) or None))


async def give_up_hold(act: UnitOfWork, holder: Placement | Transfer, bed: Bed, stamp: Stamp) -> None:
    """The hold ends; its bed is available again unless another hold has taken it since."""
    await occupancy.end_hold(act, holder.hold_id, stamp)
    if bed.hold_id == holder.hold_id:
        expired = holder.settled(stamp.at) is not holder
        await save_bed(act, BedEvent.HOLD_EXPIRED if expired else BedEvent.RELEASED, bed, bed.released(stamp))


async def open_cleaning(
    act: UnitOfWork,
    bed: Bed,
    stamp: Stamp,
    kind: CleaningType,
    priority: CleaningPriority = CleaningPriority.NORMAL,
    waits_since: datetime | None = None,
) -> UUID:
    """A dirty bed has an open cleaning job; one from before the bed became dirty gives way to it."""
    await cancel_cleaning(act, bed, stamp)
    targets = await records.targets_at(act, stamp.at)
    job = CleaningJob.requested(
        new_id(),
        bed.id,
        bed.department_id,
        stamp,
        targets,
        type=kind,
        priority=priority,
        waits_since=waits_since,
    )
    await records.cleaning_jobs.add(act, job)
    act.publish(happened(CleaningJobEvent.REQUESTED, job.id, job, None))
    return job.id


async def cancel_cleaning(act: UnitOfWork, bed: Bed, stamp: Stamp) -> None:
    """The open cleaning job of a locked bed is not needed any more."""
    job = await records.lock_open_job(act, bed.id)
    if job is not None:
        cancelled = job.cancelled(stamp)
        await records.cleaning_jobs.save(act, cancelled)
        act.publish(happened(CleaningJobEvent.CANCELLED, job.id, cancelled, job))


async def vacate(
    act: UnitOfWork, bed: Bed, stamp: Stamp, kind: CleaningType, *, since: datetime | None = None
) -> None:
    """The patient is out: the stay is closed, the bed is dirty and to be cleaned, `since` when as the ward says."""
    assert bed.admission_id is not None
    await occupancy.end_stay(act, bed.admission_id, stamp)
    await save_bed(act, BedEvent.VACATED, bed, bed.vacated(stamp))
    await open_cleaning(act, bed, stamp, kind, waits_since=since)


async def occupy(
    act: UnitOfWork,
    bed: Bed,
    placement: Placement,
    stamp: Stamp,
    override: str | None = None,
    standing: Collection[str] = (),
    leaving: Collection[UUID] = (),
) -> None:
    """The patient is in the bed: the hold becomes a stay; back in the own dirty bed, its cleaning is cancelled.

    `override` is the reason for which overridable rules need not be kept; those in `standing` need not be kept anyway.
    `leaving` go out of the room in the same act. Raises `PlacementRuleFailed`, `BedReserved`.
    """
    occupied = bed.occupied(placement.admission_id, placement.patient_id, stamp)
    await expect_unreserved(act, bed.id, stamp.at)  # nobody knows when the stay will end
    overriding = override is not None
    occupied = occupied.despite(
        await judge(act, bed, placement, stamp.at, overriding=overriding, standing=standing, leaving=leaving)
    )
    if bed.state is BedState.DIRTY:
        await cancel_cleaning(act, bed, stamp)
    if (
        bed.hold_id is not None and bed.admission_id == placement.admission_id
    ):  # a hold elsewhere is of a transfer
        await occupancy.end_hold(act, bed.hold_id, stamp)
    await occupancy.add_stay(act, occupied)
    overridden = RulesOverridden((occupied.overridden and override) or None)
    await save_bed(act, BedEvent.OCCUPIED, bed, occupied, overridden)


def answer_event(before: Placement | None, after: Placement) -> PlacementEvent:
    """What happened to a placement that answers a want without a new hold."""
    if before is None or before.state is not after.state:
        if after.state is PlacementState.QUEUED:
            return PlacementEvent.QUEUED
        if after.state is PlacementState.WITHDRAWN:
            return PlacementEvent.WITHDRAWN
    return PlacementEvent.ANSWERED
