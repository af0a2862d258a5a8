"""Reservations: a bed kept for a planned admission, which becomes a hold by itself once its time has come."""

from datetime import datetime
from uuid import UUID

from beds import records
from beds.domain.bed import Bed, BedState
from beds.domain.placement import Placement, PlacementState
from beds.domain.reservation import AlreadyReserved, Reservation, check_bed, check_period
from beds.events import BedEvent, PlacementEvent, ReservationEvent, happened
from beds.handlers.choosing import judge_room, suits_now
from beds.handlers.holding import UnknownAdmission
from beds.handlers.recording import give_up_hold, save_bed, save_placement
from beds.handlers.reserving import (
    drop_reservation,
    expect_unreserved,
    lock_reservation,
    save_reservation,
)
from beds.policies import POLICIES, Act
from beds.queries import ADMISSION_OF_RESERVATION
from beds.records import occupancy
from beds.records.reservations import due, lock_reserved, reservations
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import NotFound
from common.idempotency import Outcome
from common.ids import new_id
from common.stamp import Stamp


@command
async def reserve_bed(
    act: UnitOfWork, caller: Caller, bed_id: UUID, admission_id: UUID, starts_at: datetime, ends_at: datetime
) -> Outcome:
    """Keeps the bed from others for that time, for an admission that waits; one reservation for each, and of each bed.

    Bed and room have to suit by every rule, as if nobody else were in the room; who is there is judged when it becomes
    a hold. Raises `NotWaiting`, `AlreadyReserved`, `BedReserved`, `PlacementRuleFailed` and as `check_bed`.
    """
    placement = await records.placements.find(act, admission_id)
    earlier = await lock_reservation(act, placement)
    bed = await records.beds.lock(act, bed_id)
    POLICIES.allow(caller, Act.RESERVE_BED, bed.department_id)
    if placement is None:
        raise UnknownAdmission
    stamp = await act.stamp(placement, earlier, bed)
    act.demand.expect(bed.tag(stamp.at))
    check_period(starts_at, ends_at, stamp.at)
    if earlier is not None and earlier.is_live(stamp.at):
        raise AlreadyReserved(**earlier.facts())
    reservation_id = new_id()
    reserving = placement.reserving(reservation_id, starts_at, stamp)
    check_bed(bed, admission_id, starts_at, stamp.at)
    await expect_unreserved(act, bed_id, stamp.at)  # the earlier of two patients could never arrive
    await judge_room(act, bed, placement.needs, stamp.at)

    await drop_reservation(act, earlier, "expired", stamp)
    of = placement.patient_id
    reservation = Reservation.made(reservation_id, bed, admission_id, of, starts_at, ends_at, stamp)
    await occupancy.add_reserved(act, reservation)
    await reservations.add(act, reservation)
    act.publish(happened(ReservationEvent.MADE, reservation_id, reservation, None))
    await save_placement(act, PlacementEvent.CHANGED, placement, reserving)
    return Outcome(201, reservation_id)


@command
async def cancel_reservation(act: UnitOfWork, caller: Caller, bed_id: UUID, reservation_id: UUID) -> Outcome:
    """Gives the bed back before its time; the patient waits like all others. Raises `ReservationOver`."""
    admission_id = await act.value(ADMISSION_OF_RESERVATION, of_reservation=reservation_id, of_bed=bed_id)
    if admission_id is None:
        raise NotFound
    placement = await records.placements.lock(act, admission_id)
    reservation = await reservations.lock(act, reservation_id)
    POLICIES.allow(caller, Act.RESERVE_BED, reservation.department_id)
    stamp = await act.stamp(placement, reservation)
    act.demand.expect(reservation.tag(stamp.at))
    cancelled = reservation.cancelled("given_back", stamp)

    await occupancy.void_reserved(act, reservation_id)
    await save_reservation(act, ReservationEvent.CANCELLED, reservation, cancelled)
    await save_placement(act, PlacementEvent.CHANGED, placement, placement.unreserved(stamp))
    return Outcome(204, reservation_id)


async def turn_due_reservation(act: UnitOfWork) -> bool:
    """One reservation whose time has come becomes a hold until its end, or is over. False when nothing is due.

    A bed that is not ready yet, or does not suit because of who is in the room, stays kept from others, and is looked
    at again. Being late is never unsafe: the row of the occupancy keeps the bed, and reads go by the clock.
    """
    at = await act.moment()
    for one in await due(act, at):
        if one.is_over or await suits_now(act, one.bed_id, one.needs, one.admission_id, at):
            placement = await lock_reserved(act, one.admission_id)
            if placement is not None:
                return await _turn(act, placement)
    return False


async def _turn(act: UnitOfWork, placement: Placement) -> bool:
    reservation = await lock_reservation(act, placement)
    assert reservation is not None
    locked = await records.beds.lock_all(act, (reservation.bed_id, placement.bed_id))
    bed = locked[reservation.bed_id]
    stamp = await act.stamp(placement, reservation, *locked.values())
    if not reservation.is_live(stamp.at):
        await drop_reservation(act, reservation, "expired", stamp)
        await save_placement(act, PlacementEvent.CHANGED, placement, placement.unreserved(stamp))
        return True
    if reservation.starts_at > stamp.at or bed.settled(stamp.at).state is not BedState.AVAILABLE:
        return False  # another one by now than when it was found
    if bed.room_id is not None:
        await records.rooms.lock(act, bed.room_id)
    if not await suits_now(act, bed.id, placement.needs, placement.admission_id, stamp.at):
        return False
    if placement.state is PlacementState.HELD and placement.bed_id not in (None, bed.id):
        await give_up_hold(act, placement, locked[placement.bed_id], stamp)  # over, and not swept yet
    await _hold(act, placement, reservation, bed, stamp)
    return True


async def _hold(
    act: UnitOfWork, placement: Placement, reservation: Reservation, bed: Bed, stamp: Stamp
) -> None:
    """Its row of the occupancy goes on as that of the hold, under the same id."""
    hold_id, until = reservation.id, reservation.ends_at
    held = bed.held(hold_id, placement.admission_id, placement.patient_id, until, stamp)
    await save_bed(act, BedEvent.HELD, bed, held)
    await save_reservation(act, ReservationEvent.KEPT, reservation, reservation.kept(stamp))
    placed = placement.held(bed.id, bed.department_id, hold_id, until, stamp)
    await save_placement(act, PlacementEvent.HELD, placement, placed)
