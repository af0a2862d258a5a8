"""Admissions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from admissions.api.showing import is_answered, is_decided, read_row, show_admission, show_end, when
from admissions.domain.admission import AdmissionState, Asked
from admissions.handlers import admissions as acts
from admissions.handlers.departments import UnknownDepartment
from admissions.policies import POLICIES, Act
from admissions.queries import ADMISSIONS, HISTORY, admission_view
from admissions.schemas import (
    AdmissionView,
    BedRequest,
    ChangeView,
    NewAdmission,
    PlannedDay,
    Reason,
)
from admissions.settings import AdmissionsSettings
from common.bodies import Route
from common.errors import NotYetKnown
from common.paging import Paged
from common.process import Process, Running
from common.waiting import PreferredWait
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1/admissions", tags=["admissions"], route_class=Route)


@router.get("", responses=shows_list(AdmissionView))
async def list_admissions(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    patient_id: UUID | None = None,
    state: AdmissionState | None = None,
    leaving_on: PlannedDay | None = None,
) -> Response:
    """With `leaving_on`, those whose discharge is expected on this day of the hospital, and what each waits for."""
    departments = POLICIES.departments(caller, Act.READ_ADMISSIONS, department_id)
    rows, after = await ADMISSIONS.read(
        running.database.read,
        page,
        departments=None if departments is None else list(departments),
        department_id=department_id,
        patient_id=patient_id,
        states=state and [state],
        **_leaving(running, leaving_on),
    )
    return list_answer(request, [admission_view(row) for row in rows], after)


@router.get("/{admission_id}", responses=shows(AdmissionView))
async def read_admission(request: Request, running: Running, caller: Calling, admission_id: UUID) -> Response:
    row = await read_row(running, admission_id)
    POLICIES.allow(caller, Act.READ_ADMISSIONS, row["department_id"])
    return show_admission(request, row)


@router.get("/{admission_id}/history", responses=shows_list(ChangeView))
async def read_history(request: Request, running: Running, caller: Calling, admission_id: UUID) -> Response:
    """Every change: who, when, why. Oldest first."""
    row = await read_row(running, admission_id)
    POLICIES.allow(caller, Act.READ_HISTORY, row["department_id"])
    rows = await running.database.read.all(HISTORY, of_id=admission_id)
    return list_answer(request, [dict(change) for change in rows], None)


@router.post("", status_code=201, responses=shows(AdmissionView, 201))
async def request_admission(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    wait: PreferredWait,
    new: NewAdmission,
) -> Response:
    """Keeps the admission and asks beds for a bed. With `Prefer: wait=N` the answer tells whether one is held."""
    async with _known(running, new.department_id):
        outcome = await acts.request_admission(running.database, demand, caller, new.patient_id, _asked(new))
    return show_admission(request, await when(is_answered, running, outcome, wait), outcome.status)


@router.put("/{admission_id}/bed_request", responses=shows(AdmissionView))
async def change_bed_request(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    wait: PreferredWait,
    admission_id: UUID,
    wanted: BedRequest,
) -> Response:
    async with _known(running, wanted.department_id):
        outcome = await acts.change_bed_request(
            running.database, demand, caller, admission_id, _asked(wanted)
        )
    return show_admission(request, await when(is_answered, running, outcome, wait), outcome.status)


@router.post("/{admission_id}/cancel", responses=shows(AdmissionView) | shows(AdmissionView, 202))
async def cancel(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    wait: PreferredWait,
    admission_id: UUID,
    reason: Reason,
) -> Response:
    """200 when it is final, 202 while beds has not answered yet, 409 when the patient had arrived."""
    target = AdmissionState.CANCELLED
    outcome = await acts.end_admission(
        running.database, demand, caller, admission_id, target, reason.reason_code
    )
    return show_end(request, await when(is_decided, running, outcome, wait))


@router.post("/{admission_id}/no_show", responses=shows(AdmissionView) | shows(AdmissionView, 202))
async def no_show(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    wait: PreferredWait,
    admission_id: UUID,
    reason: Reason,
) -> Response:
    """The patient did not come. Answers as `cancel`."""
    target = AdmissionState.NO_SHOW
    outcome = await acts.end_admission(
        running.database, demand, caller, admission_id, target, reason.reason_code
    )
    return show_end(request, await when(is_decided, running, outcome, wait))


def _leaving(running: Process, on: date | None) -> dict[str, datetime | None]:
    """The day from its beginning to that of the next one, by the clocks of the hospital."""
    if on is None:
        return {"leaving_from": None, "leaving_until": None}
    assert isinstance(running.settings, AdmissionsSettings)
    zone = running.settings.time_zone
    begins, ends = (datetime.combine(day, time.min, zone) for day in (on, on + timedelta(days=1)))
    return {"leaving_from": begins, "leaving_until": ends}


def _asked(wanted: BedRequest) -> Asked:
    return Asked(wanted.department_id, wanted.bed_id, wanted.priority, wanted.needs.needs(), wanted.ready)


@asynccontextmanager
async def _known(running: Process, department_id: UUID) -> AsyncIterator[None]:
    """Turns `UnknownDepartment` into `NotYetKnown` while we may still hear of it from beds."""
    try:
        yield
    except UnknownDepartment as unknown:
        if not unknown.heard_of and await running.may_hear_of(department_id):
            raise NotYetKnown from None
        raise
