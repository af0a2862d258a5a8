"""The other half of every admission: its want is answered by a placement (domain §2, *What beds answers*)."""

from datetime import datetime

from beds import records
from beds.domain.placement import Placement, PlacementState, Wish
from beds.events import PlacementEvent
from beds.handlers.choosing import is_unsuited, lock_best_bed, still_suits
from beds.handlers.recording import answer_event, give_up_hold, save_placement, take_hold
from beds.records import places
from common.db import UnitOfWork


async def answer_wish(act: UnitOfWork, wish: Wish) -> None:
    """Reconciles the placement to a newer want and publishes it, also when nothing else has changed."""
    stored = await records.placements.find(act, wish.admission_id)
    if stored is not None and wish.want_version <= stored.want_version:
        if wish.entered_in_error and not stored.entered_in_error:
            marked = stored.entered_erroneously(await act.stamp(stored))
            await save_placement(act, PlacementEvent.ENTERED_IN_ERROR, stored, marked)
        return
    held_bed = None
    if stored is not None and stored.state is PlacementState.HELD and stored.bed_id is not None:
        held_bed = await records.beds.lock(act, stored.bed_id)
    stamp = await act.stamp(stored, held_bed)

    placement = stored or Placement.first(wish, stamp)
    held_department = held_bed.department_id if held_bed else None
    suits = (
        held_bed is None
        or wish.want is None
        or await still_suits(act, held_bed, wish.want, wish.admission_id, stamp.at)
    )
    decided = placement.reconciled(wish, held_department, stamp, suits=suits)
    answer, bed = decided.placement, None
    if decided.seeks_bed and wish.want is not None:
        bed = await lock_best_bed(act, wish.want, wish.admission_id, stamp.at)
        if bed is None and await is_unsuited(act, wish.want, wish.admission_id, stamp.at):
            answer = answer.unsuited()
        stamp = await act.stamp(stored, held_bed, bed)

    if decided.ends_hold and held_bed is not None and (bed is None or bed.id != held_bed.id):
        await give_up_hold(act, placement, held_bed, stamp)
    if bed is not None:
        await take_hold(act, stored, answer, bed, stamp, is_judged=True)
    else:
        answer = answer.answered(stamp)
        await save_placement(act, answer_event(stored, answer), stored, answer)


async def place_next(act: UnitOfWork) -> bool:
    """Gives the best free bed to whoever goes first among those refused as `no_bed` whom one suits.

    False when nobody can be placed.
    """
    at = await act.moment()
    waiting = await _first_whom_a_bed_suits(act, at)
    if waiting is None or waiting.want is None:
        return False
    bed = await lock_best_bed(act, waiting.want, waiting.admission_id, at)
    if bed is None:
        return False
    stamp = await act.stamp(waiting, bed)
    await take_hold(act, waiting, waiting, bed, stamp, is_judged=True)
    return True


async def _first_whom_a_bed_suits(act: UnitOfWork, at: datetime) -> Placement | None:
    """Locked. Whom somebody is busy with is passed over."""
    queue = [(waiting, waiting.want) for waiting in await records.queue(act, at) if waiting.want is not None]
    if not queue:
        return None
    pack, free = await places.free_places(act, {want.department_id for _, want in queue}, at=at)
    for waiting, want in queue:
        wanted = (alike for alike in free if alike.wanted(want.department_id, want.bed_id))
        if any(not pack.failed(alike.place, want.needs) for alike in wanted):
            locked = await records.lock_waiting(act, waiting.admission_id)
            if locked is not None:
                return locked
    return None
