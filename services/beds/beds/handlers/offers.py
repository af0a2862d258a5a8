"""Offers: a bed that becomes free is held for whoever goes first in the queue; declined or over, for the next."""

from datetime import datetime
from uuid import UUID

from beds import records
from beds.domain.bed import HOLD, Bed
from beds.domain.offer import OFFER, NoOffer, Offer
from beds.domain.placement import Placement
from beds.domain.reservation import Reservation
from beds.events import BedBefore, BedEvent, OfferDeclined, PlacementEvent
from beds.handlers.choosing import judge, lock_best_bed
from beds.handlers.recording import give_up_hold, keep_bed, save_bed, save_placement
from beds.handlers.reserving import lock_reservation, use_reservation
from beds.policies import POLICIES, Act
from beds.records import occupancy, places
from beds.records.offers import beds_offered_before, latest_offer, offers
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome
from common.ids import new_id
from common.stamp import Stamp


async def offer_next(act: UnitOfWork) -> bool:
    """Offers the best free bed to whoever goes first among those refused as `no_bed` whom one suits.

    Nobody is offered the same bed twice for one want. False when there is nobody to offer one to.
    """
    at = await act.moment()
    waiting = await _first_whom_a_bed_suits(act, at)
    if waiting is None or waiting.want is None:
        return False
    had = (await beds_offered_before(act)).get(waiting.admission_id, set())
    bed = await lock_best_bed(act, waiting.want, waiting.admission_id, at, passing_over=had)
    if bed is None:
        return False
    stamp = await act.stamp(waiting, bed)
    hold_id, until = new_id(), stamp.at + OFFER
    held = waiting.held(bed.id, bed.department_id, hold_id, until, stamp, is_offer=True)

    await keep_bed(act, bed, waiting, hold_id, until, stamp, is_judged=True)
    await offers.add(act, Offer.made(hold_id, waiting, bed, until, stamp))
    await save_placement(act, PlacementEvent.OFFERED, waiting, held)
    return True


async def _first_whom_a_bed_suits(act: UnitOfWork, at: datetime) -> Placement | None:
    """Locked. Whom somebody is busy with is passed over."""
    queue = [(waiting, waiting.want) for waiting in await records.queue(act, at) if waiting.want is not None]
    if not queue:
        return None
    had = await beds_offered_before(act)
    pack, free = await places.free_places(act, {want.department_id for _, want in queue}, at=at)
    for waiting, want in queue:
        passed = had.get(waiting.admission_id, set())
        wanted = (alike for alike in free if alike.wanted(want.department_id, want.bed_id, passed))
        if any(not pack.failed(alike.place, want.needs) for alike in wanted):
            locked = await records.lock_waiting(act, waiting.admission_id)
            if locked is not None:
                return locked
    return None


@command
async def accept_offer(act: UnitOfWork, caller: Caller, admission_id: UUID) -> Outcome:
    """The bed is held for the patient as for anybody else: for half an hour from now, and judged again.

    Raises `NoOffer`, `HoldExpired`, `PlacementRuleFailed`.
    """
    placement, reservation, bed, stamp = await _lock_offered(act, caller, admission_id)
    hold_id, until = new_id(), stamp.at + HOLD
    reserved = await use_reservation(act, reservation, bed.id, stamp, until)
    held = bed.held_anew(hold_id, until, stamp).despite(await judge(act, bed, placement, stamp.at))

    await occupancy.end_hold(act, placement.hold_id, stamp)
    await occupancy.add_hold(act, held)
    await save_bed(act, BedEvent.HELD, bed, held)
    accepted = placement.held(bed.id, bed.department_id, hold_id, until, stamp, reservation_id=reserved)
    await save_placement(act, PlacementEvent.HELD, placement, accepted)
    return Outcome(200, admission_id)


@command
async def decline_offer(act: UnitOfWork, caller: Caller, admission_id: UUID, reason_code: str) -> Outcome:
    """The bed goes on to the next, and the patient waits on, as long as before. Raises `NoOffer`, `HoldExpired`."""
    placement, _, bed, stamp = await _lock_offered(act, caller, admission_id)
    declined = placement.passed_over(stamp)

    await give_up_hold(act, placement, bed, stamp)
    facts = OfferDeclined(BedBefore(bed.id), reason_code)
    await save_placement(act, PlacementEvent.OFFER_DECLINED, placement, declined, facts)
    return Outcome(200, admission_id)


async def _lock_offered(
    act: UnitOfWork, caller: Caller, admission_id: UUID
) -> tuple[Placement, Reservation | None, Bed, Stamp]:
    """With an offer that is open by the act's one time."""
    placement = await records.placements.lock(act, admission_id)
    POLICIES.allow(caller, Act.DECIDE_OFFER, placement.department_id)
    offer = await latest_offer(act, admission_id)
    if offer is None:
        raise NoOffer(**placement.facts())
    reservation = await lock_reservation(act, placement)
    bed = await records.beds.lock(act, offer.bed_id)
    stamp = await act.stamp(placement, reservation, bed)
    act.demand.expect(placement.tag(stamp.at))
    offer.expect_open(placement, stamp.at)
    return placement, reservation, bed, stamp
