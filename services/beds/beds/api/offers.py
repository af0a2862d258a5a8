"""Offers: beds that became free, for whoever goes first in the queue to accept or decline."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.api.placements import SHOWN
from beds.api.unknown import known
from beds.domain.offer import OfferState
from beds.handlers import offers
from beds.policies import POLICIES, Act
from beds.queries import OFFERS
from beds.schemas import OfferView, PlacementView, Reason
from common.bodies import Route
from common.paging import Paged
from common.process import Running
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1", tags=["offers"], route_class=Route)


@router.get("/offers", responses=shows_list(OfferView))
async def list_offers(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    admission_id: UUID | None = None,
    bed_id: UUID | None = None,
    state: OfferState | None = None,
) -> Response:
    """What was offered to whom, and what became of it, the latest first."""
    POLICIES.allow(caller, Act.READ_PLACEMENTS)
    rows, after = await OFFERS.read(
        running.database.read,
        page,
        department_id=department_id,
        admission_id=admission_id,
        bed_id=bed_id,
        states=state and [state],
    )
    return list_answer(request, [dict(row) for row in rows], after)


@router.post("/placements/{admission_id}/offer/accept", responses=shows(PlacementView))
async def accept_offer(
    request: Request, running: Running, caller: Calling, demand: Demanding, admission_id: UUID
) -> Response:
    """The offered bed is held for half an hour from now. An arrival in it accepts, too."""
    async with known(running, admission_id):
        outcome = await offers.accept_offer(running.database, demand, caller, admission_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/placements/{admission_id}/offer/decline", responses=shows(PlacementView))
async def decline_offer(
    request: Request, running: Running, caller: Calling, demand: Demanding, admission_id: UUID, reason: Reason
) -> Response:
    """The bed is offered to the next; the patient keeps the place in the queue, and is not offered this bed again."""
    async with known(running, admission_id):
        outcome = await offers.decline_offer(
            running.database, demand, caller, admission_id, reason.reason_code
        )
    return await SHOWN.settle(request, running.database.read, outcome)
