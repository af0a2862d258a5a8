"""A patient goes from bed to bed; to another department only by a transfer (domain §2, *Commands on presence*)."""

from uuid import UUID

from beds import records
from beds.domain.cleaning import CleaningType
from beds.domain.movement import MovementKind
from beds.domain.placement import AlreadyArrived, NotInABed, Placement, PlacementState
from beds.domain.transfer import Transfer
from beds.events import BedBefore, CameFrom, PlacementEvent
from beds.handlers.recording import occupy, save_placement, vacate
from beds.handlers.transferring import complete_transfer, held_bed
from beds.policies import POLICIES, Act
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome


@command
async def move_patient(act: UnitOfWork, caller: Caller, admission_id: UUID, to_bed: UUID) -> Outcome:
    """The patient is in another bed of the same department now, or of the one that he is transferred to."""
    placement = await records.placements.lock(act, admission_id)
    POLICIES.allow(caller, Act.MOVE_WITHIN, placement.department_id)
    transfer = await records.lock_open_transfer(act, admission_id)
    return await _move(act, caller, Act.MOVE_WITHIN, placement, transfer, to_bed)


async def arrive_from_another_ward(
    act: UnitOfWork, caller: Caller, placement: Placement, transfer: Transfer, named_bed: UUID | None
) -> Outcome:
    """The receiving ward confirms that the patient is there. Raises `AlreadyArrived` where it has accepted no bed."""
    POLICIES.allow(caller, Act.MOVE_IN_OR_OUT, transfer.department_id)
    bed_id = named_bed or held_bed(transfer)
    if bed_id is None:
        raise AlreadyArrived(**placement.facts())
    return await _move(act, caller, Act.MOVE_IN_OR_OUT, placement, transfer, bed_id)


async def _move(
    act: UnitOfWork, caller: Caller, right: Act, placement: Placement, transfer: Transfer | None, to_bed: UUID
) -> Outcome:
    if placement.state is not PlacementState.IN_BED or placement.bed_id is None:
        raise NotInABed(**placement.facts())
    locked = await records.beds.lock_all(act, (placement.bed_id, to_bed, held_bed(transfer)))
    old, new = locked[placement.bed_id], locked[to_bed]
    stamp = await act.stamp(placement, transfer, *locked.values())
    act.demand.expect(placement.tag(stamp.at))
    goes_to = transfer.department_id if transfer else None
    moved = placement.moved(new.id, new.department_id, stamp, transferred_to=goes_to)
    POLICIES.allow(caller, right, new.department_id)

    await vacate(act, old, stamp, CleaningType.TRANSFER)
    await occupy(act, new, placement, stamp)
    await save_placement(act, PlacementEvent.MOVED, placement, moved, CameFrom(BedBefore(old.id)))
    await complete_transfer(act, transfer, locked, new, stamp)
    await records.add_movement(
        act, MovementKind.MOVE, placement.admission_id, stamp, from_bed_id=old.id, to_bed_id=new.id
    )
    return Outcome(201, placement.admission_id)
