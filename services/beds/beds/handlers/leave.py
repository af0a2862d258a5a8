"""Leave and return: the patient is away for a while, and the bed is kept (domain §2, *Commands on presence*)."""

from collections.abc import Callable
from uuid import UUID

from beds import records
from beds.domain.movement import MovementKind
from beds.domain.placement import Placement
from beds.events import PlacementEvent
from beds.handlers.recording import save_placement
from beds.policies import POLICIES, Act
from beds.records import movements
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome
from common.stamp import Stamp


@command
async def go_on_leave(act: UnitOfWork, caller: Caller, admission_id: UUID) -> Outcome:
    """Out of the house, and expected back. Raises `NotInABed`."""
    what, kind = PlacementEvent.LEFT_ON_LEAVE, MovementKind.LEAVE
    return await _step(act, caller, admission_id, what, kind, Placement.left_on_leave)


@command
async def return_from_leave(act: UnitOfWork, caller: Caller, admission_id: UUID) -> Outcome:
    """In the same bed again. Raises `NotOnLeave`."""
    what, kind = PlacementEvent.RETURNED, MovementKind.RETURN
    return await _step(act, caller, admission_id, what, kind, Placement.returned)


async def _step(
    act: UnitOfWork,
    caller: Caller,
    admission_id: UUID,
    what: PlacementEvent,
    kind: MovementKind,
    decide: Callable[[Placement, Stamp], Placement],
) -> Outcome:
    placement = await records.placements.lock(act, admission_id)
    POLICIES.allow(caller, Act.GO_ON_LEAVE, placement.department_id)
    stamp = await act.stamp(placement)
    act.demand.expect(placement.tag(stamp.at))
    after = decide(placement, stamp)

    await save_placement(act, what, placement, after)
    await movements.add_movement(
        act, kind, admission_id, stamp, from_bed_id=placement.bed_id, to_bed_id=placement.bed_id
    )
    return Outcome(200, admission_id)
