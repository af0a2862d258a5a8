"""What was recorded and was not so is taken back."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from admissions.api.showing import is_answered, is_decided, show_admission, show_end, when
from admissions.handlers import reversing
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
    outcome = await reversing.reopen_admission(
        running.database, demand, caller, admission_id, reason.reason_code
    )
    return show_admission(request, await when(is_answered, running, outcome, wait), outcome.status)


@router.post("/{admission_id}/entered_in_error", responses=shows(AdmissionView) | shows(AdmissionView, 202))
async def enter_in_error(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    wait: PreferredWait,
    admission_id: UUID,
    reason: Reason,
) -> Response:
    """Closes an admission that should never have been; what was recorded of it stays. Answers as `cancel`."""
    outcome = await reversing.enter_in_error(
        running.database, demand, caller, admission_id, reason.reason_code
    )
    return show_end(request, await when(is_decided, running, outcome, wait))
