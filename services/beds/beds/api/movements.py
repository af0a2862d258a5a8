"""What befalls a patient between arrival and departure: leave and return, places changed, mistakes taken back."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.api.placements import SHOWN
from beds.api.unknown import known
from beds.domain.movement import Reversible
from beds.handlers import leave, reversing, swapping
from beds.schemas import PlacementView, Reversal, Swap
from common.bodies import Route
from common.process import Running
from common.web import Calling, Demanding, shows

router = APIRouter(prefix="/v1/placements", tags=["placements"], route_class=Route)


@router.post("/{admission_id}/leave", responses=shows(PlacementView))
async def go_on_leave(
    request: Request, running: Running, caller: Calling, demand: Demanding, admission_id: UUID
) -> Response:
    """Away for a while: the bed is kept."""
    async with known(running, admission_id):
        outcome = await leave.go_on_leave(running.database, demand, caller, admission_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{admission_id}/return", responses=shows(PlacementView))
async def return_from_leave(
    request: Request, running: Running, caller: Calling, demand: Demanding, admission_id: UUID
) -> Response:
    async with known(running, admission_id):
        outcome = await leave.return_from_leave(running.database, demand, caller, admission_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/swaps", status_code=201, responses=shows(PlacementView, 201))
async def swap(
    request: Request, running: Running, caller: Calling, demand: Demanding, wanted: Swap
) -> Response:
    """Two patients change places; the placement of `a` is shown."""
    async with known(running, wanted.a), known(running, wanted.b):
        outcome = await swapping.swap_patients(
            running.database, demand, caller, wanted.a, wanted.b, wanted.reason()
        )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{admission_id}/reversals", status_code=201, responses=shows(PlacementView, 201))
async def reverse(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    admission_id: UUID,
    mistake: Reversal,
) -> Response:
    """Takes back an arrival or the latest move; the movements stay, marked.

    A rule that is against the bed from before may be overridden as for a move.
    """
    asked = (running.database, demand, caller, admission_id, mistake.reason_code)
    async with known(running, admission_id):
        match mistake.of:
            case Reversible.ARRIVAL:
                outcome = await reversing.reverse_arrival(*asked)
            case Reversible.MOVE:
                outcome = await reversing.reverse_move(*asked, mistake.reason())
    return await SHOWN.settle(request, running.database.read, outcome)
