"""Cleaning jobs."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.domain.cleaning import CleaningState, CleaningType
from beds.handlers import cleaning
from beds.policies import POLICIES, Act
from beds.queries import CLEANING_JOB, CLEANING_JOBS
from beds.schemas import CleaningJobView, NewCleaningJob
from common.paging import Paged
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1/cleaning_jobs", tags=["cleaning"])
SHOWN = Resource(CLEANING_JOB, path="/v1/cleaning_jobs")


@router.get("", responses=shows_list(CleaningJobView))
async def list_jobs(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    bed_id: UUID | None = None,
    state: CleaningState | None = None,
) -> Response:
    departments = POLICIES.departments(caller, Act.CLEAN, department_id)
    rows, after = await CLEANING_JOBS.read(
        running.database.read,
        page,
        departments=None if departments is None else list(departments),
        department_id=department_id,
        bed_id=bed_id,
        states=state and [state],
    )
    return list_answer(request, [dict(row) for row in rows], after)


@router.get("/{job_id}", responses=shows(CleaningJobView))
async def read_job(request: Request, running: Running, caller: Calling, job_id: UUID) -> Response:
    job = await running.database.read.first(CLEANING_JOB, of_id=job_id)
    POLICIES.departments(caller, Act.CLEAN, job["department_id"] if job else None)
    return await SHOWN.show(request, running.database.read, job_id)


@router.post("", status_code=201, responses=shows(CleaningJobView, 201))
async def request_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, new: NewCleaningJob
) -> Response:
    outcome = await cleaning.request_cleaning(
        running.database, demand, caller, new.bed_id, CleaningType(new.type), new.priority
    )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{job_id}/start", responses=shows(CleaningJobView))
async def start_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, job_id: UUID
) -> Response:
    outcome = await cleaning.start_cleaning(running.database, demand, caller, job_id)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{job_id}/complete", responses=shows(CleaningJobView))
async def complete_cleaning(
    request: Request, running: Running, caller: Calling, demand: Demanding, job_id: UUID
) -> Response:
    """The bed is clean; whoever waits for a bed of this department is placed next."""
    outcome = await cleaning.complete_cleaning(running.database, demand, caller, job_id)
    return await SHOWN.settle(request, running.database.read, outcome)
