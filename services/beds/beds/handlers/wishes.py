"""The other half of every admission: its want is answered by a placement (domain §2, *What beds answers*)."""

from datetime import datetime

from beds import records
from beds.domain.placement import Placement, PlacementState, Want, Wish, reconcile
from beds.domain.reservation import Reservation
from beds.events import PlacementEvent
from beds.handlers.choosing import can_ever_suit, is_unsuited, lock_best_bed, still_suits
from beds.handlers.recording import answer_event, give_up_hold, save_placement, take_hold
from beds.handlers.reserving import drop_reservation, lock_reservation
from common.db import UnitOfWork


async def answer_wish(act: UnitOfWork, wish: Wish) -> None:
    """Reconciles the placement to a newer want and publishes it, also when nothing else has changed."""
    stored = await records.placements.find(act, wish.admission_id)
    if stored is not None and wish.want_version <= stored.want_version:
        if wish.entered_in_error and not stored.entered_in_error:
            marked = stored.entered_erroneously(await act.stamp(stored))
            await save_placement(act, PlacementEvent.ENTERED_IN_ERROR, stored, marked)
        return
    reservation = await lock_reservation(act, stored)
    held_bed = None
    if stored is not None and stored.state is PlacementState.HELD and stored.bed_id is not None:
        held_bed = await records.beds.lock(act, stored.bed_id)
    stamp = await act.stamp(stored, reservation, held_bed)

    placement = stored or Placement.first(wish, stamp)
    held_department = held_bed.department_id if held_bed else None
    suits = (
        held_bed is None
        or wish.want is None
        or await still_suits(act, held_bed, wish.want, wish.admission_id, stamp.at)
    )
    no_use = await _no_use(act, reservation, placement.want, wish.want, stamp.at)
    is_reserved = reservation is not None and no_use is None
    decided = reconcile(placement, wish, held_department, stamp, suits=suits, is_reserved=is_reserved)
    answer, bed = decided.placement, None
    if no_use is not None:
        await drop_reservation(act, reservation, no_use, stamp)
    if decided.seeks_bed and wish.want is not None:
        bed = await lock_best_bed(act, wish.want, wish.admission_id, stamp.at)
        if bed is None and await is_unsuited(act, wish.want, wish.admission_id, stamp.at):
            answer = answer.unsuited()
        stamp = await act.stamp(stored, reservation, held_bed, bed)

    if decided.ends_hold and held_bed is not None and (bed is None or bed.id != held_bed.id):
        await give_up_hold(act, placement, held_bed, stamp)
    if bed is not None:
        await take_hold(act, stored, answer, bed, stamp, is_judged=True)
    else:
        answer = answer.answered(stamp)
        await save_placement(act, answer_event(stored, answer), stored, answer)


async def _no_use(
    act: UnitOfWork, reservation: Reservation | None, before: Want | None, want: Want | None, at: datetime
) -> str | None:
    """Why the newer want has no use for the reservation: its patient, who gets no other bed, would wait in vain."""
    if reservation is None:
        return None
    if not reservation.is_live(at):
        return "expired"
    reason_code = reservation.unwanted(before, want)
    if reason_code is None and want is not None:
        suits = await can_ever_suit(act, reservation.bed_id, want.needs, at)
        return None if suits else "unsuited"
    return reason_code
