"""Cleaning jobs."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.domain.cleaning import CleaningState
from beds.handlers import cleaning
from beds.policies import POLICIES, Act
from beds.queries import CLEANING_JOB, CLEANING_JOBS, cleaning_job_tag, cleaning_job_view
from beds.schemas import CleaningJobView, Inspection, NewCleaningJob
from common.bodies import Route
from common.paging import Paged
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1/cleaning_jobs", tags=["cleaning"], route_class=Route)
SHOWN = Resource(CLEANING_JOB, cleaning_job_view, "/v1/cleaning_jobs", cleaning_job_tag)


@router.get("", responses=shows_list(CleaningJobView))
async def list_jobs(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    bed_id: UUID | None = None,
    state: CleaningState | None = None,
    open: bool | None = None,  # noqa: A002 - the word of the query
) -> Response:
    """In the order of a worklist: most urgent first, then longest waiting. `open=true` shows what is to be done."""
    departments = POLICIES.departments(caller, Act.CLEAN, department_id)
    rows, after = await CLEANING_JOBS.read(
        running.database.read,
        page,
        departments=None if departments is None else list(departments),
        department_id=department_id,
        bed_id=bed_id,
        states=state and [state],
        open=open,
    )
    return list_answer(request, [cleaning_job_view(row) for row in rows], after)


@router.get("/{job_id}", responses=shows(CleaningJobView))
async def read_job(request: Request, running: Running, caller: Calling, job_id: UUID) -> Response:
    job = await running.database.read.first(CLEANING_JOB, of_id=job_id)
    POLICIES.departments(caller, Act.CLEAN, job["department_id"] if job else None)
    return await SHOWN.show(request, running.database.read, job_id)


@router.post("", status_code=201, responses=shows(CleaningJobView, 201))
async def request_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, new: NewCleaningJob
) -> Response:
    """Discharge, transfer and isolation_terminal are for a dirty bed, spill and daily for any.

    Asked for more urgently, or as isolation_terminal, it takes the place of a job that nobody has started.
    """
    outcome = await cleaning.request_cleaning(
        running.database, demand, caller, new.bed_id, new.type, new.priority
    )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{job_id}/accept", responses=shows(CleaningJobView))
async def accept_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, job_id: UUID
) -> Response:
    """The caller is on the way. It is not needed before a start."""
    outcome = await cleaning.accept_cleaning(running.database, demand, caller, job_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{job_id}/start", responses=shows(CleaningJobView))
async def start_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, job_id: UUID
) -> Response:
    outcome = await cleaning.start_cleaning(running.database, demand, caller, job_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{job_id}/suspend", responses=shows(CleaningJobView))
async def suspend_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, job_id: UUID
) -> Response:
    """The time until it is resumed does not count as cleaning time, but does as turnaround."""
    outcome = await cleaning.suspend_cleaning(running.database, demand, caller, job_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{job_id}/resume", responses=shows(CleaningJobView))
async def resume_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, job_id: UUID
) -> Response:
    outcome = await cleaning.resume_cleaning(running.database, demand, caller, job_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{job_id}/complete", responses=shows(CleaningJobView))
async def complete_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, job_id: UUID
) -> Response:
    """The bed is clean; whoever waits for a bed of this department is placed next. After isolation: inspected first."""
    outcome = await cleaning.complete_cleaning(running.database, demand, caller, job_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{job_id}/inspect", responses=shows(CleaningJobView))
async def inspect_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, job_id: UUID, found: Inspection
) -> Response:
    """After isolation, by somebody who took no part in the cleaning. Failed, the bed is dirty and has a new job."""
    outcome = await cleaning.inspect_cleaning(
        running.database, demand, caller, job_id, found.passed, found.reason_code
    )
    return await SHOWN.settle(request, running.database.read, outcome)
