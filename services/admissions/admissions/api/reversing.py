"""What was recorded and was not so is taken back."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from admissions.api.showing import is_answered, show_admission, when
from admissions.handlers.reopening import reopen_admission
from admissions.schemas import AdmissionView, Reason
from common.bodies import Route
from common.process import Running
from common.waiting import PreferredWait
from common.web import Calling, Demanding, shows

router = APIRouter(prefix="/v1/admissions", tags=["admissions"], route_class=Route)


@router.post("/{admission_id}/reopen", responses=shows(AdmissionView))
async def reopen(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    wait: PreferredWait,
    admission_id: UUID,
    reason: Reason,
) -> Response:
    """The patient has not left, or is back: a bed is wanted again, and the arrival is recorded in beds."""
    outcome = await reopen_admission(running.database, demand, caller, admission_id, reason.reason_code)
    return show_admission(request, await when(is_answered, running, outcome, wait), outcome.status)
