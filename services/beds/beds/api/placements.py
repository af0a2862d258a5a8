"""Placements: the queue, where patients are, arrival, departure and move."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.api.unknown import known
from beds.domain.placement import PlacementState
from beds.handlers import presence
from beds.policies import POLICIES, Act
from beds.queries import MOVEMENTS, PLACEMENT, PLACEMENTS, placement_view
from beds.schemas import Arrival, Departure, Move, MovementView, PlacementView
from common.bodies import Route
from common.errors import NotFound
from common.paging import Paged
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1/placements", tags=["placements"], route_class=Route)
SHOWN = Resource(PLACEMENT, placement_view, "/v1/placements")


@router.get("", responses=shows_list(PlacementView))
async def list_placements(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    state: PlacementState | None = None,
) -> Response:
    """With `state=queued` this is the queue: everyone who has no bed."""
    POLICIES.allow(caller, Act.READ_PLACEMENTS)
    rows, after = await PLACEMENTS.read(
        running.database.read, page, department_id=department_id, states=state and [state]
    )
    return list_answer(request, [placement_view(row) for row in rows], after)


@router.get("/{admission_id}", responses=shows(PlacementView))
async def read_placement(request: Request, running: Running, caller: Calling, admission_id: UUID) -> Response:
    POLICIES.allow(caller, Act.READ_PLACEMENTS)
    return await SHOWN.show(request, running.database.read, admission_id)


@router.get("/{admission_id}/movements", responses=shows_list(MovementView))
async def list_movements(request: Request, running: Running, caller: Calling, admission_id: UUID) -> Response:
    """Every arrival, move and departure of this admission, oldest first."""
    POLICIES.allow(caller, Act.READ_PLACEMENTS)
    if await running.database.read.first(PLACEMENT, of_id=admission_id) is None:
        raise NotFound
    rows = await running.database.read.all(MOVEMENTS, of_id=admission_id)
    return list_answer(request, [dict(row) for row in rows], None)


@router.post("/{admission_id}/arrival", status_code=201, responses=shows(PlacementView, 201))
async def confirm_arrival(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    admission_id: UUID,
    arrival: Arrival,
) -> Response:
    """The patient is in the bed that is held, or directly in a free one that is named."""
    async with known(running, admission_id):
        outcome = await presence.confirm_arrival(
            running.database,
            demand,
            caller,
            admission_id,
            arrival.bed_id,
            arrival.occurred_at,
            arrival.reason(),
        )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{admission_id}/departure", responses=shows(PlacementView))
async def record_departure(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    admission_id: UUID,
    departure: Departure,
) -> Response:
    """The patient has left; the bed is dirty and gets a cleaning job."""
    async with known(running, admission_id):
        outcome = await presence.record_departure(
            running.database, demand, caller, admission_id, departure.reason_code, departure.occurred_at
        )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{admission_id}/moves", status_code=201, responses=shows(PlacementView, 201))
async def move_patient(
    request: Request, running: Running, caller: Calling, demand: Demanding, admission_id: UUID, move: Move
) -> Response:
    """Into another bed of the same department, or of the one that a transfer leads to."""
    async with known(running, admission_id):
        outcome = await presence.move_patient(
            running.database, demand, caller, admission_id, move.bed_id, move.reason()
        )
    return await SHOWN.settle(request, running.database.read, outcome)
