"""Transfers between departments: requested, accepted with a bed, declined, cancelled."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.api.unknown import known
from beds.domain.transfer import TransferState
from beds.handlers import transfers
from beds.policies import POLICIES, Act
from beds.queries import TRANSFER, TRANSFERS, transfer_view
from beds.schemas import Acceptance, NewTransfer, Reason, TransferView
from common.bodies import Route
from common.paging import Paged
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1", tags=["transfers"], route_class=Route)
SHOWN = Resource(TRANSFER, transfer_view, "/v1/transfers")


@router.get("/transfers", responses=shows_list(TransferView))
async def list_transfers(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    state: TransferState | None = None,
) -> Response:
    """`department_id` is the receiving one. A transfer whose hold is over is requested again."""
    POLICIES.allow(caller, Act.READ_PLACEMENTS)
    rows, after = await TRANSFERS.read(
        running.database.read, page, department_id=department_id, states=state and [state]
    )
    return list_answer(request, [transfer_view(row) for row in rows], after)


@router.get("/transfers/{transfer_id}", responses=shows(TransferView))
async def read_transfer(request: Request, running: Running, caller: Calling, transfer_id: UUID) -> Response:
    POLICIES.allow(caller, Act.READ_PLACEMENTS)
    return await SHOWN.show(request, running.database.read, transfer_id)


@router.post("/placements/{admission_id}/transfers", status_code=201, responses=shows(TransferView, 201))
async def request_transfer(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    admission_id: UUID,
    wanted: NewTransfer,
) -> Response:
    """To another department: its people accept with a bed, or decline. `needs` count there, if they are named."""
    needs = wanted.needs.needs() if wanted.needs else None
    async with known(running, admission_id):
        outcome = await transfers.request_transfer(
            running.database, demand, caller, admission_id, wanted.department_id, needs
        )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/transfers/{transfer_id}/accept", responses=shows(TransferView))
async def accept_transfer(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    transfer_id: UUID,
    accepted: Acceptance,
) -> Response:
    """Holds a bed beside the stay, for 30 minutes or as many as are named; a move into it completes the transfer."""
    outcome = await transfers.accept_transfer(
        running.database,
        demand,
        caller,
        transfer_id,
        accepted.bed_id,
        accepted.minutes,
        accepted.reason(),
    )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/transfers/{transfer_id}/decline", responses=shows(TransferView))
async def decline_transfer(
    request: Request, running: Running, caller: Calling, demand: Demanding, transfer_id: UUID, reason: Reason
) -> Response:
    outcome = await transfers.decline_transfer(
        running.database, demand, caller, transfer_id, reason.reason_code
    )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/transfers/{transfer_id}/cancel", responses=shows(TransferView))
async def cancel_transfer(
    request: Request, running: Running, caller: Calling, demand: Demanding, transfer_id: UUID, reason: Reason
) -> Response:
    outcome = await transfers.cancel_transfer(
        running.database, demand, caller, transfer_id, reason.reason_code
    )
    return await SHOWN.settle(request, running.database.read, outcome)
