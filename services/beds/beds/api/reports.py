"""Reports: what was, as JSON page by page or as CSV in one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from beds.events import ReportAccess
from beds.policies import POLICIES, Act
from beds.reports.asking import During, Report, WantsCsv, reports
from beds.reports.movements import MOVEMENTS
from beds.reports.occupancy import OCCUPANCY
from beds.reports.stays import STAYS, STAYS_BY_DEPARTMENT
from beds.reports.turnarounds import TURNAROUNDS, TURNAROUNDS_BY_DEPARTMENT
from beds.reports.waiting import ARRIVALS_EXPECTED, QUEUE, QUEUE_BY_DEPARTMENT
from common.access import Access, record_access
from common.auth import Caller
from common.bodies import Route
from common.paging import Page, Paged
from common.process import Process, Running
from common.web import Calling

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=Route)


@dataclass(frozen=True)
class Asked:
    """Who asks for a report, how much of it and in which form."""

    request: Request
    process: Process
    caller: Caller
    page: Page
    csv: bool
    during: Mapping[str, datetime | None]
    """The period, where the report has one."""

    async def of(self, report: Report, act: Act, **filters: Any) -> Response:
        """The report for those who may have it. One that is given out as a file is an access event."""
        POLICIES.allow(self.caller, act)
        database = self.process.database
        wanted = {**filters, **self.during}
        if not self.csv:
            return await report.page(self.request, database.read, self.page, **wanted)
        exported = await report.export(database.read, self.page, **wanted)
        subjects = [of for of in filters.values() if of is not None]
        access = Access(self.caller.session_id, f"report/{report.name}", subjects)
        await record_access(database, "beds", ReportAccess.EXPORTED, access)
        return exported


async def _asked_now(
    request: Request, running: Running, caller: Calling, page: Paged, csv: WantsCsv
) -> Asked:
    return Asked(request, running, caller, page, csv, {})


AskingNow = Annotated[Asked, Depends(_asked_now)]


async def _asked(asked: AskingNow, during: During) -> Asked:
    return replace(asked, during=during)


Asking = Annotated[Asked, Depends(_asked)]


@router.get("/occupancy", responses=reports(OCCUPANCY.view))
async def report_occupancy(asking: Asking, department_id: UUID | None = None) -> Response:
    """Occupied bed hours / available bed hours by department, of the last 24 hours or the period that is named.

    Blocked and closed beds are not available; their hours are told beside the rate.
    """
    return await asking.of(OCCUPANCY, Act.READ_FIGURES, department_id=department_id)


@router.get("/movements", responses=reports(MOVEMENTS.view))
async def report_movements(
    asking: Asking,
    patient_id: UUID | None = None,
    bed_id: UUID | None = None,
    department_id: UUID | None = None,
) -> Response:
    """Movements of a patient across admissions, from and to a bed, or out of and into a department."""
    return await asking.of(
        MOVEMENTS, Act.READ_PLACEMENTS, patient_id=patient_id, bed_id=bed_id, department_id=department_id
    )


@router.get("/lengths_of_stay", responses=reports(STAYS.view))
async def report_lengths_of_stay(asking: Asking, department_id: UUID | None = None) -> Response:
    """Each stay that ended in the period, from arrival to departure, in hours."""
    return await asking.of(STAYS, Act.READ_PLACEMENTS, department_id=department_id)


@router.get("/lengths_of_stay/by_department", responses=reports(STAYS_BY_DEPARTMENT.view))
async def report_average_length_of_stay(asking: Asking, department_id: UUID | None = None) -> Response:
    """How many stays ended in the period, and how long they were on average."""
    return await asking.of(STAYS_BY_DEPARTMENT, Act.READ_FIGURES, department_id=department_id)


@router.get("/turnarounds", responses=reports(TURNAROUNDS.view))
async def report_turnarounds(asking: Asking, department_id: UUID | None = None) -> Response:
    """Each bed that was left in the period and is ready again: how long that took, in minutes."""
    return await asking.of(TURNAROUNDS, Act.READ_FIGURES, department_id=department_id)


@router.get("/turnarounds/by_department", responses=reports(TURNAROUNDS_BY_DEPARTMENT.view))
async def report_average_turnaround(asking: Asking, department_id: UUID | None = None) -> Response:
    """How many beds were left in the period and are ready again, and how long that took on average."""
    return await asking.of(TURNAROUNDS_BY_DEPARTMENT, Act.READ_FIGURES, department_id=department_id)


@router.get("/queue", responses=reports(QUEUE.view))
async def report_queue(asking: AskingNow, department_id: UUID | None = None) -> Response:
    """Who waits for a bed now, in whose turn it is, and for how long each has waited."""
    return await asking.of(QUEUE, Act.READ_PLACEMENTS, department_id=department_id)


@router.get("/queue/by_department", responses=reports(QUEUE_BY_DEPARTMENT.view))
async def report_queues(asking: AskingNow, department_id: UUID | None = None) -> Response:
    """How many wait now for each open department, for how long, and how many beds it has for them."""
    return await asking.of(QUEUE_BY_DEPARTMENT, Act.READ_FIGURES, department_id=department_id)


@router.get("/arrivals_expected", responses=reports(ARRIVALS_EXPECTED.view))
async def report_arrivals_expected(asking: AskingNow, department_id: UUID | None = None) -> Response:
    """Who is to arrive: who waits for a bed, has one held, or is transferred from elsewhere."""
    return await asking.of(ARRIVALS_EXPECTED, Act.READ_PLACEMENTS, department_id=department_id)
