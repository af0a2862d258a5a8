"""Discharge on paper: planned and confirmed."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from admissions.api.showing import read_row, show_admission
from admissions.handlers import discharge
from admissions.schemas import AdmissionView, DischargeConfirmation, DischargePlan
from common.bodies import Route
from common.process import Running
from common.web import Calling, Demanding, shows

router = APIRouter(prefix="/v1/admissions", tags=["admissions"], route_class=Route)


@router.put("/{admission_id}/discharge_plan", responses=shows(AdmissionView))
async def plan_discharge(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    admission_id: UUID,
    wanted: DischargePlan,
) -> Response:
    """When the discharge is expected and what has to be done before, in the place of the plan before."""
    outcome = await discharge.plan_discharge(running.database, demand, caller, admission_id, wanted.plan())
    return show_admission(request, await read_row(running, outcome.resource), outcome.status)


@router.post("/{admission_id}/discharge_confirmation", responses=shows(AdmissionView))
async def confirm_discharge(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    admission_id: UUID,
    confirmation: DischargeConfirmation,
) -> Response:
    """Discharge on paper; the bed is freed when the departure is recorded."""
    outcome = await discharge.confirm_discharge(
        running.database, demand, caller, admission_id, confirmation.disposition
    )
    return show_admission(request, await read_row(running, outcome.resource), outcome.status)
