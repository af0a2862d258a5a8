"""Two patients change places, at one moment (domain §2, *Commands on presence*)."""

from uuid import UUID

from beds import records
from beds.domain.bed import Bed, BedState
from beds.domain.cots import NewbornBesideBed
from beds.domain.movement import MovementKind
from beds.domain.placement import NotInABed, Placement, PlacementState, SamePatient
from beds.domain.transfer import Transfer
from beds.events import BedBefore, BedEvent, CameFrom, PlacementEvent, RulesOverridden
from beds.handlers.choosing import judge
from beds.handlers.recording import save_bed, save_placement
from beds.handlers.transferring import bound_for, complete_transfer, held_there, leads_to, lock_pending
from beds.policies import POLICIES, Act
from beds.queries import COTS_OF
from beds.records import movements, occupancy
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome
from common.stamp import Stamp


@command
async def swap_patients(
    act: UnitOfWork, caller: Caller, first: UUID, second: UUID, override: str | None = None
) -> Outcome:
    """Both beds stay occupied, and a transfer that leads elsewhere stays pending.

    `override` is the reason for which overridable placement rules need not be kept.
    Raises `NotInABed`, `TransferNeeded`, `SamePatient`, `NewbornBesideBed`, `PlacementRuleFailed`.
    """
    locked = await records.placements.lock_all(act, (first, second))
    for placement in locked.values():
        POLICIES.allow(caller, Act.MOVE_WITHIN, placement.department_id)
        if override is not None:
            POLICIES.allow(caller, Act.OVERRIDE_RULES, placement.department_id)
    if first == second:
        raise SamePatient
    for placement in locked.values():
        if placement.state is not PlacementState.IN_BED:
            raise NotInABed(**placement.facts())
    ours, theirs = locked[first], locked[second]
    transfers = {one.admission_id: await lock_pending(act, one) for one in locked.values()}
    held = map(held_there, transfers.values())
    cots = [row["id"] for row in await act.all(COTS_OF, of_beds=[ours.bed_id, theirs.bed_id])]
    beds = await records.beds.lock_all(act, (ours.bed_id, theirs.bed_id, *cots, *held))
    if any(beds[cot].state is BedState.OCCUPIED for cot in cots):
        raise NewbornBesideBed
    await records.rooms.lock_all(act, [bed.room_id for bed in beds.values()])
    stamp = await act.stamp(*locked.values(), *transfers.values(), *beds.values())
    places = {one.admission_id: beds[one.bed_id] for one in locked.values() if one.bed_id is not None}

    for placement in locked.values():
        await occupancy.end_stay(act, placement.admission_id, stamp)
    within_a_room = places[first].room_id is not None and places[first].room_id == places[second].room_id
    for placement, left, taken in (
        (ours, places[first], places[second]),
        (theirs, places[second], places[first]),
    ):
        transfer = transfers[placement.admission_id]
        bound = bound_for(taken.department_id, placement, transfer)
        rules = await judge(
            act,
            taken,
            bound,
            stamp.at,
            overriding=override is not None,
            standing=(*left.overridden, *taken.overridden) if within_a_room else (),
            leaving=() if within_a_room else (first, second),
        )
        await _take_place(act, placement, bound, transfer, left, taken.despite(rules), override, stamp)
        await complete_transfer(act, transfer, placement, taken, beds, stamp)
    return Outcome(201, first)


async def _take_place(
    act: UnitOfWork,
    placement: Placement,
    bound: Placement,
    transfer: Transfer | None,
    left: Bed,
    taken: Bed,
    override: str | None,
    stamp: Stamp,
) -> None:
    moved = bound.moved(taken.id, taken.department_id, stamp, leads_to(transfer))
    occupied = taken.exchanged(placement.admission_id, placement.patient_id, stamp)
    await occupancy.add_stay(act, occupied)
    overridden = RulesOverridden((occupied.overridden and override) or None)
    await save_bed(act, BedEvent.OCCUPIED, taken, occupied, overridden)
    await save_placement(act, PlacementEvent.MOVED, placement, moved, CameFrom(BedBefore(left.id)))
    await movements.add_movement(
        act, MovementKind.MOVE, placement.admission_id, stamp, from_bed_id=left.id, to_bed_id=taken.id
    )
