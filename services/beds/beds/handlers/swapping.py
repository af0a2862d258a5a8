"""Two patients change places, at one moment (domain §2, *Commands on presence*)."""

from uuid import UUID

from beds import records
from beds.domain.bed import Bed
from beds.domain.movement import MovementKind
from beds.domain.placement import NotInABed, Placement, PlacementState, SamePatient
from beds.events import BedBefore, BedEvent, CameFrom, PlacementEvent
from beds.handlers.recording import save_bed, save_placement
from beds.policies import POLICIES, Act
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome
from common.stamp import Stamp


@command
async def swap_patients(act: UnitOfWork, caller: Caller, first: UUID, second: UUID) -> Outcome:
    """Both beds stay occupied. Raises `NotInABed`, `TransferNeeded`, `SamePatient`."""
    locked = await records.placements.lock_all(act, (first, second))
    for placement in locked.values():
        POLICIES.allow(caller, Act.MOVE_WITHIN, placement.department_id)
    if first == second:
        raise SamePatient
    for placement in locked.values():
        if placement.state is not PlacementState.IN_BED:
            raise NotInABed(**placement.facts())
    ours, theirs = locked[first], locked[second]
    beds = await records.beds.lock_all(act, (ours.bed_id, theirs.bed_id))
    stamp = await act.stamp(*locked.values(), *beds.values())
    places = {one.admission_id: beds[one.bed_id] for one in locked.values() if one.bed_id is not None}

    for placement in locked.values():
        await records.end_stay(act, placement.admission_id, stamp)
    await _take_place(act, ours, places[first], places[second], stamp)
    await _take_place(act, theirs, places[second], places[first], stamp)
    return Outcome(201, first)


async def _take_place(act: UnitOfWork, placement: Placement, left: Bed, taken: Bed, stamp: Stamp) -> None:
    moved = placement.moved(taken.id, taken.department_id, stamp)
    occupied = taken.exchanged(placement.admission_id, placement.patient_id, stamp)
    await records.add_stay(act, occupied)
    await save_bed(act, BedEvent.OCCUPIED, taken, occupied)
    await save_placement(act, PlacementEvent.MOVED, placement, moved, CameFrom(BedBefore(left.id)))
    await records.add_movement(
        act, MovementKind.MOVE, placement.admission_id, stamp, from_bed_id=left.id, to_bed_id=taken.id
    )
