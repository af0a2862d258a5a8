"""Taking back what was recorded by mistake: an arrival (A11) or the latest move (A12); domain §2."""

from uuid import UUID

from beds import records
from beds.domain.cleaning import CleaningType
from beds.domain.movement import MovementKind, Reversible
from beds.domain.placement import (
    AlreadyReversed,
    NothingToReverse,
    NotInABed,
    PlacementState,
    PriorBedTaken,
)
from beds.events import PlacementEvent, TakenBack
from beds.handlers.recording import save_placement, vacate
from beds.handlers.together import Mistake, Way, bring, bring_newborns, lock_going
from beds.handlers.transferring import (
    bound_back,
    end_transfer,
    held_there,
    leads_to,
    lock_pending,
)
from beds.policies import POLICIES, Act
from beds.records import movements
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome

K = MovementKind


@command
async def reverse_arrival(act: UnitOfWork, caller: Caller, admission_id: UUID, reason_code: str) -> Outcome:
    """The patient was never in the bed, which is dirty all the same: no rule has a say in it.

    Raises `NotInABed`, `AlreadyReversed`.
    """
    placement = await records.placements.lock(act, admission_id)
    POLICIES.allow(caller, Act.REVERSE, placement.department_id)
    arrival = await movements.latest_movement(act, admission_id, (K.ARRIVAL, K.ARRIVAL_REVERSED))
    if arrival is not None and arrival.kind is K.ARRIVAL_REVERSED:
        raise AlreadyReversed(**placement.facts())
    if arrival is None or placement.bed_id is None:
        raise NotInABed(**placement.facts())
    transfer = await lock_pending(act, placement)
    locked = await records.beds.lock_all(act, (placement.bed_id, held_there(transfer)))
    bed = locked[placement.bed_id]
    stamp = await act.stamp(placement, transfer, *locked.values())
    act.demand.expect(placement.tag(stamp.at))
    waits = placement.arrival_reversed(stamp)

    await vacate(act, bed, stamp, CleaningType.DISCHARGE)
    await end_transfer(act, transfer, "arrival_reversed", locked, stamp)
    facts = TakenBack(Reversible.ARRIVAL, reason_code)
    await save_placement(act, PlacementEvent.REVERSED, placement, waits, facts)
    await movements.add_movement(
        act,
        K.ARRIVAL_REVERSED,
        admission_id,
        stamp,
        from_bed_id=bed.id,
        reason_code=reason_code,
        reverses=arrival.id,
    )
    return Outcome(201, admission_id)


@command
async def reverse_move(
    act: UnitOfWork, caller: Caller, admission_id: UUID, reason_code: str, override: str | None = None
) -> Outcome:
    """Back in the bed from before the latest move, and newborns with the mother; `override` as for any move.

    Raises `PriorBedTaken`, `NoCotThere`, `PlacementRuleFailed`, `NotInABed`, `AlreadyReversed`, `NothingToReverse`.
    """
    going = await lock_going(act, admission_id)
    placement, transfer = going.placement, going.transfer
    POLICIES.allow(caller, Act.REVERSE, placement.department_id)
    if placement.state is not PlacementState.IN_BED or placement.bed_id is None:
        raise NotInABed(**placement.facts())
    latest = await movements.latest_movement(act, admission_id, (K.ARRIVAL, K.MOVE, K.MOVE_REVERSED))
    if latest is not None and latest.kind is K.MOVE_REVERSED:
        raise AlreadyReversed(**placement.facts())
    if latest is None or latest.from_bed_id is None:
        raise NothingToReverse(**placement.facts())
    locked = await going.lock_beds(act, placement.bed_id, latest.from_bed_id)
    wrong, prior = locked[placement.bed_id], locked[latest.from_bed_id]
    POLICIES.allow(caller, Act.REVERSE, prior.department_id)
    if override is not None:
        POLICIES.allow(caller, Act.OVERRIDE_RULES, prior.department_id)
    stamp = await going.stamp(act, locked)
    act.demand.expect(placement.tag(stamp.at))
    if not prior.settled(stamp.at).is_there_for(admission_id):
        raise PriorBedTaken(**prior.facts())
    bound = await bound_back(act, placement, transfer, latest, prior)
    back = bound.brought(prior.id, prior.department_id, stamp, leads_to(transfer))

    way = Way(wrong, prior, locked, stamp, override, Mistake(latest, reason_code), along=going.along)
    await bring(act, placement, back, transfer, way)
    await bring_newborns(act, going, way)
    return Outcome(201, admission_id)
