"""Reservations: beds kept from others for planned admissions."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.api.unknown import known
from beds.domain.reservation import ReservationState
from beds.handlers import reservations
from beds.policies import POLICIES, Act
from beds.queries import RESERVATION, RESERVATIONS, reservation_view
from beds.schemas import NewReservation, ReservationView
from common.bodies import Route
from common.paging import Paged
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1", tags=["reservations"], route_class=Route)
SHOWN = Resource(RESERVATION, reservation_view, "/v1/reservations")


@router.get("/reservations", responses=shows_list(ReservationView))
async def list_reservations(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    bed_id: UUID | None = None,
    admission_id: UUID | None = None,
    state: ReservationState | None = None,
) -> Response:
    """The earliest first. `department_id` is that of the bed. What was not kept is expired past its end."""
    POLICIES.allow(caller, Act.READ_PLACEMENTS)
    rows, after = await RESERVATIONS.read(
        running.database.read,
        page,
        department_id=department_id,
        bed_id=bed_id,
        admission_id=admission_id,
        states=state and [state],
    )
    return list_answer(request, [reservation_view(row) for row in rows], after)


@router.get("/reservations/{reservation_id}", responses=shows(ReservationView))
async def read_reservation(
    request: Request, running: Running, caller: Calling, reservation_id: UUID
) -> Response:
    POLICIES.allow(caller, Act.READ_PLACEMENTS)
    return await SHOWN.show(request, running.database.read, reservation_id)


@router.post("/beds/{bed_id}/reservations", status_code=201, responses=shows(ReservationView, 201))
async def reserve_bed(
    request: Request, running: Running, caller: Calling, demand: Demanding, bed_id: UUID, new: NewReservation
) -> Response:
    """Keeps the bed from others for an admission that waits; when the time has come it is held by itself.

    The bed need not be clean yet. Nobody may be in it, or have it reserved for any other time: a stay has no end
    before the patient leaves.
    """
    async with known(running, new.admission_id):
        outcome = await reservations.reserve_bed(
            running.database, demand, caller, bed_id, new.admission_id, new.starts_at, new.ends_at
        )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.delete("/beds/{bed_id}/reservations/{reservation_id}", status_code=204)
async def cancel_reservation(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    bed_id: UUID,
    reservation_id: UUID,
) -> Response:
    outcome = await reservations.cancel_reservation(running.database, demand, caller, bed_id, reservation_id)
    return await SHOWN.settle(request, running.database.read, outcome)
