"""What becomes of a reservation when its patient gets a bed or wants none, and what it refuses to others."""

from datetime import datetime
from uuid import UUID

from beds.domain.placement import Placement
from beds.domain.reservation import BedReserved, Reservation
from beds.events import ReservationEvent, happened
from beds.records import occupancy
from beds.records.reservations import in_the_way, reservations
from common.db import UnitOfWork
from common.stamp import Stamp


async def lock_reservation(act: UnitOfWork, placement: Placement | None) -> Reservation | None:
    """The reservation of a locked placement, locked too: after the placement, before any bed."""
    if placement is None or placement.reservation_id is None:
        return None
    return await reservations.lock(act, placement.reservation_id)


def reserved_bed(reservation: Reservation | None) -> UUID | None:
    """The bed of the reservation, whether or not that is over: to be locked with the others."""
    return None if reservation is None else reservation.bed_id


async def save_reservation(
    act: UnitOfWork, what: ReservationEvent, before: Reservation, after: Reservation
) -> None:
    """One step of a reservation and its event."""
    await reservations.save(act, after)
    act.publish(happened(what, after.id, after, before))


async def use_reservation(
    act: UnitOfWork, reservation: Reservation | None, taken: UUID, stamp: Stamp, until: datetime | None = None
) -> UUID | None:
    """The patient gets a bed, the reserved one or another, until then or for as long as it takes.

    What is written next takes the place of the reservation. Only a hold of its bed that ends before it leaves it alone:
    answers its id then.
    """
    if reservation is None:
        return None
    reserved = reservation.is_live(stamp.at) and reservation.bed_id == taken
    if reserved and until is not None and until <= reservation.starts_at:
        return reservation.id
    if reserved:
        await occupancy.void_reserved(act, reservation.id)
        await save_reservation(act, ReservationEvent.KEPT, reservation, reservation.kept(stamp))
    else:
        await drop_reservation(act, reservation, "placed_elsewhere", stamp)
    return None


async def drop_reservation(
    act: UnitOfWork, reservation: Reservation | None, reason_code: str, stamp: Stamp
) -> None:
    """It keeps the bed from nobody any more: cancelled, or expired where the clock was first."""
    if reservation is None:
        return
    await occupancy.void_reserved(act, reservation.id)
    if reservation.is_live(stamp.at):
        after = reservation.cancelled(reason_code, stamp)
        await save_reservation(act, ReservationEvent.CANCELLED, reservation, after)
    else:
        await save_reservation(act, ReservationEvent.EXPIRED, reservation, reservation.expired(stamp))


async def expect_unreserved(act: UnitOfWork, bed_id: UUID, at: datetime, *, own: UUID | None = None) -> None:
    """Nobody else has this locked bed reserved, for whatever later time. Raises `BedReserved`."""
    found = await in_the_way(act, bed_id, at)
    if found is not None and found.id != own:
        raise BedReserved(**found.facts())
