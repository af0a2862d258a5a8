"""The other half of every admission: its want is answered by a placement (domain §2, *What beds answers*)."""

from beds import records
from beds.domain.placement import Placement, PlacementState, Wish
from beds.handlers.recording import answer_event, give_up_hold, save_placement, take_hold
from common.db import UnitOfWork


async def answer_wish(act: UnitOfWork, wish: Wish) -> None:
    """Reconciles the placement to a newer want and publishes it, also when nothing else has changed."""
    stored = await records.placements.find(act, wish.admission_id)
    if stored is not None and wish.want_version <= stored.want_version:
        return
    held_bed = None
    if stored is not None and stored.state is PlacementState.HELD and stored.bed_id is not None:
        held_bed = await records.beds.lock(act, stored.bed_id)
    stamp = await act.stamp(stored, held_bed)

    placement = stored or Placement.first(wish, stamp)
    decided = placement.reconciled(wish, held_bed.department_id if held_bed else None, stamp)
    bed = None
    if decided.seeks_bed and wish.want is not None:
        bed = await records.lock_free_bed(act, wish.want, stamp.at)
        stamp = await act.stamp(stored, held_bed, bed)

    if decided.ends_hold and held_bed is not None and (bed is None or bed.id != held_bed.id):
        await give_up_hold(act, placement, held_bed, stamp)
    if bed is not None:
        await take_hold(act, stored, decided.placement, bed, stamp)
    else:
        answer = decided.placement.answered(stamp)
        await save_placement(act, answer_event(stored, answer), stored, answer)


async def place_next(act: UnitOfWork) -> bool:
    """Gives a free bed to whoever goes first among those refused as `no_bed`. False when nobody can be placed."""
    before = await act.moment()
    waiting = await records.lock_next_in_queue(act, before)
    if waiting is None or waiting.want is None:
        return False
    bed = await records.lock_free_bed(act, waiting.want, before)
    if bed is None:
        return False
    stamp = await act.stamp(waiting, bed)
    await take_hold(act, waiting, waiting, bed, stamp)
    return True
