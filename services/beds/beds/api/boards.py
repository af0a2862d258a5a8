"""Boards: a department on one screen."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.policies import POLICIES, Act
from beds.reports.board import read_board
from beds.reports.schemas import Board
from common.bodies import Route
from common.process import Running
from common.web import Calling, json_answer, shows

router = APIRouter(prefix="/v1/departments", tags=["boards"], route_class=Route)


@router.get("/{department_id}/board", responses=shows(Board))
async def show_board(request: Request, running: Running, caller: Calling, department_id: UUID) -> Response:
    """Rooms, beds, who is in them or waits for one, and cleaning, all of one moment.

    With `include=patient_name` the names that the caller may see stand beside the patients. The ETag changes with
    every change of the board, also with those that the clock makes.
    """
    POLICIES.allow(caller, Act.READ_BOARD, department_id)
    return json_answer(request, await read_board(running.database.read, department_id))
