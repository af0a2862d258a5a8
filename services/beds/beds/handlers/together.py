"""Into another bed: out of the one, into the other, and whoever lies in a cot of the bed goes along (domain §3)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from beds import records
from beds.domain.bed import Bed, BedState
from beds.domain.cleaning import CleaningType
from beds.domain.cots import NewbornsChanged, assign_cots, cots_of
from beds.domain.movement import MovementKind, Reversible
from beds.domain.placement import Placement, PlacementState
from beds.domain.transfer import Transfer
from beds.events import BedBefore, CameFrom, PlacementEvent, TakenBack
from beds.handlers.recording import occupy, save_placement, vacate
from beds.handlers.transferring import (
    bound_back,
    bound_for,
    complete_transfer,
    held_there,
    leads_to,
    lock_pending,
)
from beds.queries import COTS_OF, NEWBORNS_WITH
from beds.records import movements
from beds.records.movements import Moved
from beds.records.reservations import is_reserved
from common.db import UnitOfWork
from common.stamp import Stamp


class Mistake(NamedTuple):
    """A move that is taken back: which it was, and why."""

    movement: Moved
    reason_code: str


class Way(NamedTuple):
    """From bed to bed in one act. `beds` are all that are locked; `override` as for every move.

    `standing` are rules that need not be kept, since they were not before; those who go `along` are no neighbours yet.
    """

    old: Bed
    new: Bed
    beds: dict[UUID, Bed]
    stamp: Stamp
    override: str | None
    mistake: Mistake | None = None
    standing: Collection[str] = ()
    along: Collection[UUID] = ()


@dataclass(frozen=True, slots=True)
class Going:
    """Locked: a placement with its pending transfer, and the same of each newborn in a cot of its bed."""

    placement: Placement
    transfer: Transfer | None
    newborns: dict[UUID, Placement]
    transfers: dict[UUID, Transfer | None]

    @property
    def along(self) -> list[UUID]:
        """The newborns who go along; one on leave keeps the cot."""
        return [one for one, newborn in self.newborns.items() if newborn.state is PlacementState.IN_BED]

    async def lock_beds(self, act: UnitOfWork, *bed_ids: UUID) -> dict[UUID, Bed]:
        """These, their cots, and what is held for the transfers. Raises `NewbornsChanged`."""
        cots = [row["id"] for row in await act.all(COTS_OF, of_beds=list(bed_ids))]
        held = [held_there(one) for one in (self.transfer, *self.transfers.values())]
        locked = await records.beds.lock_all(act, (*bed_ids, *cots, *held))
        if await _newborns_with(act, self.placement.admission_id) != self.newborns.keys():
            raise NewbornsChanged(**self.placement.facts())
        return locked

    async def stamp(self, act: UnitOfWork, beds: dict[UUID, Bed]) -> Stamp:
        people, transfers = self.newborns.values(), self.transfers.values()
        return await act.stamp(self.placement, self.transfer, *people, *transfers, *beds.values())


async def lock_going(act: UnitOfWork, admission_id: UUID) -> Going:
    """Who lies in the cots is looked up first, and once more when those are locked. Raises `UnknownPlacement`."""
    newborns = await _newborns_with(act, admission_id)
    locked = await records.placements.lock_all(act, (admission_id, *newborns))
    transfers = {one: await lock_pending(act, placement) for one, placement in locked.items()}
    placement, transfer = locked.pop(admission_id), transfers.pop(admission_id)
    return Going(placement, transfer, locked, transfers)


async def bring(
    act: UnitOfWork, before: Placement, after: Placement, transfer: Transfer | None, way: Way
) -> None:
    """The patient is in the other bed, and the old one is dirty; a transfer that leads there is completed."""
    old, new, stamp = way.old, way.new, way.stamp
    await vacate(act, old, stamp, CleaningType.TRANSFER)
    await occupy(act, new, after, stamp, way.override, way.standing, way.along)
    await complete_transfer(act, transfer, before, new, way.beds, stamp)
    mistake = way.mistake
    if mistake is None:
        await save_placement(act, PlacementEvent.MOVED, before, after, CameFrom(BedBefore(old.id)))
    else:
        facts = TakenBack(Reversible.MOVE, mistake.reason_code)
        await save_placement(act, PlacementEvent.REVERSED, before, after, facts)
    await movements.add_movement(
        act,
        MovementKind.MOVE_REVERSED if mistake else MovementKind.MOVE,
        before.admission_id,
        stamp,
        from_bed_id=old.id,
        to_bed_id=new.id,
        reason_code=mistake.reason_code if mistake else None,
        reverses=mistake.movement.id if mistake else None,
    )


async def bring_newborns(act: UnitOfWork, going: Going, way: Way) -> None:
    """Each into a cot of the new bed, once the mother is in that.

    Raises `NoCotThere`, `PlacementRuleFailed`.
    """
    cots = cots_of(way.old.id, way.beds.values())
    left = {cot.admission_id: cot for cot in cots if cot.state is BedState.OCCUPIED}
    cots = [
        cot
        for cot in cots_of(way.new.id, way.beds.values())
        if not await is_reserved(act, cot.id, way.stamp.at)
    ]
    moved = {one: await _moved_along(act, one, way.mistake) for one in way.along}
    prior = {one: movement and movement.from_bed_id for one, movement in moved.items()}
    for one, cot_id in assign_cots(way.along, cots, way.stamp.at, prior).items():
        cot = way.beds[cot_id]
        newborn, transfer = going.newborns[one], going.transfers[one]
        if way.mistake is None:
            bound = bound_for(cot.department_id, newborn, transfer)
        else:
            bound = await bound_back(act, newborn, transfer, moved[one], cot)
        brought = bound.brought(cot.id, cot.department_id, way.stamp, leads_to(transfer))
        along = moved[one] if prior[one] == cot.id else None
        mistake = way.mistake and along and way.mistake._replace(movement=along)
        beside = left[one].overridden  # by the mother, as before
        theirs = way._replace(old=left[one], new=cot, mistake=mistake, standing=beside, along=())
        await bring(act, newborn, brought, transfer, theirs)


async def _newborns_with(act: UnitOfWork, admission_id: UUID) -> set[UUID]:
    return {row["admission_id"] for row in await act.all(NEWBORNS_WITH, of_admission=admission_id)}


async def _moved_along(act: UnitOfWork, newborn: UUID, mistake: Mistake | None) -> Moved | None:
    """The newborn's part in the move that is taken back, if it has one."""
    if mistake is None:
        return None
    latest = await movements.latest_movement(act, newborn, (MovementKind.MOVE, MovementKind.MOVE_REVERSED))
    return latest if latest is not None and latest.moved_at == mistake.movement.moved_at else None
