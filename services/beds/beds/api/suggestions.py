"""Suggestions: the best beds for a patient, and why."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from beds.api.unknown import known
from beds.policies import POLICIES, Act
from beds.reports.suggestions import Suggestion, seek_beds
from common.bodies import Route
from common.paging import MAX_LIMIT
from common.process import Running
from common.web import Calling, list_answer, shows_list

router = APIRouter(prefix="/v1/beds", tags=["beds"], route_class=Route)
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


@router.get("/suggestions", responses=shows_list(Suggestion))
async def suggest_beds(
    request: Request,
    running: Running,
    caller: Calling,
    admission_id: UUID,
    department_id: UUID | Literal["any"] | None = None,
    limit: Limit = 10,
) -> Response:
    """The best beds for a patient who waits, holds a bed or is in one, with what every placement rule says of each.

    Those that can be had now come first, then those that overriding a rule would give, then those that are soon clean.
    They are beds of the department where the patient is wanted (by the bed request or a pending transfer, else where
    the patient is), of another that is named, or of `any` where the caller may hold beds.
    """
    asked = department_id if isinstance(department_id, UUID) else None
    departments = POLICIES.departments(caller, Act.SUGGEST_BEDS, asked)
    async with known(running, admission_id):
        sought = await seek_beds(
            running.database.read, admission_id, asked, departments, anywhere=department_id == "any"
        )
    if department_id is None:
        POLICIES.allow(caller, Act.SUGGEST_BEDS, sought.department_id)
    best = sought.best(limit, lambda of: POLICIES.allows(caller, Act.OVERRIDE_RULES, of))
    return list_answer(request, list(best), None)
