"""Beds, their holds and their readiness."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.api.unknown import known
from beds.domain.bed import STATUS, BedState
from beds.handlers import holding, layout, readiness
from beds.policies import POLICIES, Act
from beds.queries import BED, BEDS, HOLD, bed_view, hold_view
from beds.schemas import BedChange, BedStatus, BedView, Block, HoldView, NewBed, NewHold, Reason, named
from common.bodies import Route
from common.paging import Paged
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1/beds", tags=["beds"], route_class=Route)
SHOWN = Resource(BED, bed_view, "/v1/beds")
HOLD_SHOWN = Resource(HOLD, hold_view)


@router.get("", responses=shows_list(BedView))
async def list_beds(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    room_id: UUID | None = None,
    state: BedState | None = None,
    status: BedStatus | None = None,
) -> Response:
    POLICIES.allow(caller, Act.READ_LAYOUT)
    rows, after = await BEDS.read(
        running.database.read,
        page,
        department_id=department_id,
        room_id=room_id,
        states=_states(state, status),
    )
    return list_answer(request, [bed_view(row) for row in rows], after)


def _states(state: BedState | None, status: BedStatus | None) -> list[str] | None:
    """The states that both filters let through; None for all."""
    if state is None and status is None:
        return None
    return [one for one, (word, _) in STATUS.items() if state in (None, one) and status in (None, word)]


@router.get("/{bed_id}", responses=shows(BedView))
async def read_bed(request: Request, running: Running, caller: Calling, bed_id: UUID) -> Response:
    POLICIES.allow(caller, Act.READ_LAYOUT)
    return await SHOWN.show(request, running.database.read, bed_id)


@router.post("", status_code=201, responses=shows(BedView, 201))
async def add_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, new: NewBed
) -> Response:
    """A new bed is dirty and has a cleaning job: it can be held once that is completed."""
    outcome = await layout.add_bed(
        running.database,
        demand,
        caller,
        new.department_id,
        new.room_id,
        new.code,
        tuple(new.equipment),
        new.cot_of_bed_id,
    )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.patch("/{bed_id}", responses=shows(BedView))
async def change_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID, change: BedChange
) -> Response:
    outcome = await layout.change_bed(running.database, demand, caller, bed_id, named(change))
    return await SHOWN.settle(request, running.database.read, outcome)


@router.delete("/{bed_id}", status_code=204)
async def remove_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID
) -> Response:
    """Closes the bed; refused while it is occupied or held."""
    outcome = await readiness.close_bed(running.database, demand, caller, bed_id, 204)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{bed_id}/holds", status_code=201, responses=shows(HoldView, 201))
async def hold_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID, hold: NewHold
) -> Response:
    """Holds the bed for an admission that waits, for 30 minutes or as many as are named.

    Its reservation ends, unless it is of this bed and begins after the hold.
    """
    async with known(running, hold.admission_id):
        outcome = await holding.hold_bed(
            running.database, demand, caller, bed_id, hold.admission_id, hold.minutes, hold.reason()
        )
    return await HOLD_SHOWN.settle(request, running.database.read, outcome)


@router.delete("/{bed_id}/holds/{hold_id}", status_code=204)
async def release_hold(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID, hold_id: UUID
) -> Response:
    outcome = await holding.release_hold(running.database, demand, caller, bed_id, hold_id)
    return await HOLD_SHOWN.settle(request, running.database.read, outcome)


@router.post("/{bed_id}/block", responses=shows(BedView))
async def block_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID, block: Block
) -> Response:
    outcome = await readiness.block_bed(
        running.database, demand, caller, bed_id, block.reason_code, block.return_expected_at
    )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{bed_id}/unblock", responses=shows(BedView))
async def unblock_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID
) -> Response:
    outcome = await readiness.unblock_bed(running.database, demand, caller, bed_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{bed_id}/close", responses=shows(BedView))
async def close_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID
) -> Response:
    outcome = await readiness.close_bed(running.database, demand, caller, bed_id, 200)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{bed_id}/open", responses=shows(BedView))
async def open_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID
) -> Response:
    outcome = await readiness.open_bed(running.database, demand, caller, bed_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{bed_id}/ready_override", responses=shows(BedView))
async def declare_ready(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID, reason: Reason
) -> Response:
    """Declares a dirty bed ready without cleaning; the reason stands in the audit log."""
    outcome = await readiness.declare_ready(running.database, demand, caller, bed_id, reason.reason_code)
    return await SHOWN.settle(request, running.database.read, outcome)
