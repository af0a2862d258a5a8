"""Departments."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.domain.layout import DepartmentState
from beds.handlers import layout
from beds.policies import POLICIES, Act
from beds.queries import DEPARTMENT, DEPARTMENTS
from beds.schemas import DepartmentChange, DepartmentView, NewDepartment
from common.bodies import Route
from common.paging import Paged
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1/departments", tags=["departments"], route_class=Route)
SHOWN = Resource(DEPARTMENT, path="/v1/departments")


@router.get("", responses=shows_list(DepartmentView))
async def list_departments(
    request: Request, running: Running, caller: Calling, page: Paged, state: DepartmentState | None = None
) -> Response:
    POLICIES.allow(caller, Act.READ_LAYOUT)
    rows, after = await DEPARTMENTS.read(running.database.read, page, states=state and [state])
    return list_answer(request, [dict(row) for row in rows], after)


@router.get("/{department_id}", responses=shows(DepartmentView))
async def read_department(
    request: Request, running: Running, caller: Calling, department_id: UUID
) -> Response:
    POLICIES.allow(caller, Act.READ_LAYOUT)
    return await SHOWN.show(request, running.database.read, department_id)


@router.post("", status_code=201, responses=shows(DepartmentView, 201))
async def open_department(
    request: Request, running: Running, caller: Calling, demand: Demanding, new: NewDepartment
) -> Response:
    outcome = await layout.open_department(running.database, demand, caller, new.code, new.name)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.patch("/{department_id}", responses=shows(DepartmentView))
async def change_department(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    department_id: UUID,
    change: DepartmentChange,
) -> Response:
    outcome = await layout.change_department(
        running.database, demand, caller, department_id, change.code, change.name
    )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.delete("/{department_id}", status_code=204)
async def close_department(
    request: Request, running: Running, caller: Calling, demand: Demanding, department_id: UUID
) -> Response:
    """Closes the department and its free beds; refused while one is occupied, held or being cleaned."""
    outcome = await layout.close_department(running.database, demand, caller, department_id)
    return await SHOWN.settle(request, running.database.read, outcome)
