"""Holds: a bed kept for one admission until a time, never for longer and never for two."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from beds import records
from beds.domain.bed import HOLD
from beds.domain.placement import AdmissionAlreadyHolds, HoldExpired, PlacementState, Unplaced
from beds.events import BedBefore, CameFrom, PlacementEvent, TransferEvent
from beds.handlers.recording import give_up_hold, save_placement, take_hold
from beds.handlers.reserving import lock_reservation, use_reservation
from beds.handlers.transferring import lock_pending, save_transfer
from beds.policies import POLICIES, Act
from beds.queries import HOLD_OF
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import FieldError, Invalid, NotFound
from common.idempotency import Outcome


class UnknownAdmission(Invalid):
    code = "unknown_admission"
    sentence = "There is no such admission."

    def __init__(self) -> None:
        super().__init__(
            errors=[FieldError(field="body.admission_id", code="unknown", message="no such admission")]
        )


@command
async def hold_bed(
    act: UnitOfWork,
    caller: Caller,
    bed_id: UUID,
    admission_id: UUID,
    minutes: int | None,
    override: str | None = None,
) -> Outcome:
    """Holds the bed for an admission that waits; its earlier hold and its reservation end first. Answers the hold's id.

    A reservation of this very bed that begins after the hold does not end.
    `override` is the reason for which overridable placement rules need not be kept.
    """
    placement = await records.placements.find(act, admission_id)
    reservation = await lock_reservation(act, placement)
    locked = await records.beds.lock_all(act, (bed_id, placement.bed_id if placement else None))
    bed = locked[bed_id]
    POLICIES.allow(caller, Act.HOLD_BED, bed.department_id)
    if override is not None:
        POLICIES.allow(caller, Act.OVERRIDE_RULES, bed.department_id)
    if placement is None:
        raise UnknownAdmission
    stamp = await act.stamp(placement, reservation, *locked.values())
    act.demand.expect(bed.tag(stamp.at))
    now = placement.settled(stamp.at)
    if now.state is PlacementState.HELD and now.bed_id == bed_id:
        raise AdmissionAlreadyHolds(**placement.facts())

    if placement.state is PlacementState.HELD and placement.bed_id not in (None, bed_id):
        await give_up_hold(act, placement, locked[placement.bed_id], stamp)
    until = stamp.at + (HOLD if minutes is None else timedelta(minutes=minutes))
    reserved = await use_reservation(act, reservation, bed_id, stamp, until)
    waiting = replace(placement, reservation_id=reserved)
    hold_id = await take_hold(act, placement, waiting, bed, stamp, until, override)
    return Outcome(201, hold_id)


@command
async def release_hold(act: UnitOfWork, caller: Caller, bed_id: UUID, hold_id: UUID) -> Outcome:
    """Gives the bed back; the patient, or the transfer, waits for a person's decision. Raises `HoldExpired`."""
    admission_id = await act.value(HOLD_OF, hold_id=hold_id, of_bed=bed_id)
    if admission_id is None:
        raise NotFound
    placement = await records.placements.lock(act, admission_id)
    transfer = await lock_pending(act, placement)
    bed = await records.beds.lock(act, bed_id)
    POLICIES.allow(caller, Act.HOLD_BED, bed.department_id)
    stamp = await act.stamp(placement, transfer, bed)
    act.demand.expect(bed.tag(stamp.at))
    if transfer is not None and transfer.settled(stamp.at).hold_id == hold_id:
        await give_up_hold(act, transfer, bed, stamp)
        await save_transfer(act, TransferEvent.REQUESTED, transfer, transfer.unheld(stamp))
        return Outcome(204, hold_id)
    if placement.settled(stamp.at).hold_id != hold_id:
        raise HoldExpired(**placement.facts())

    await give_up_hold(act, placement, bed, stamp)
    await save_placement(act, PlacementEvent.QUEUED, placement, placement.unheld(Unplaced.RELEASED, stamp))
    return Outcome(204, hold_id)


async def sweep_expired_hold(act: UnitOfWork) -> bool:
    """Records the end of one hold that the clock has ended. Nothing depends on it: reads compare for themselves."""
    placement = await records.lock_expired(act)
    if placement is None or placement.bed_id is None:
        return False
    bed = await records.beds.lock(act, placement.bed_id)
    stamp = await act.stamp(placement, bed)
    await give_up_hold(act, placement, bed, stamp)
    is_offer = placement.offer_id is not None
    what = PlacementEvent.OFFER_EXPIRED if is_offer else PlacementEvent.QUEUED
    facts = CameFrom(BedBefore(bed.id)) if is_offer else None
    await save_placement(act, what, placement, placement.passed_over(stamp), facts)
    return True
