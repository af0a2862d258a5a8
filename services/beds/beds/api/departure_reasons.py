"""Why patients leave: the codes that a departure may have."""

from fastapi import APIRouter, Request, Response

from beds.policies import POLICIES, Act
from beds.queries import DEPARTURE_REASONS
from beds.schemas import DepartureReasonView
from common.bodies import Route
from common.process import Running
from common.web import Calling, list_answer, shows_list

router = APIRouter(prefix="/v1/departure_reasons", tags=["placements"], route_class=Route)


@router.get("", responses=shows_list(DepartureReasonView))
async def list_departure_reasons(request: Request, running: Running, caller: Calling) -> Response:
    POLICIES.allow(caller, Act.READ_DEPARTURE_REASONS)
    rows = await running.database.read.all(DEPARTURE_REASONS)
    return list_answer(request, [dict(row) for row in rows], None)
