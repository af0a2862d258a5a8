"""Rooms."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from beds.domain.layout import RoomFacts
from beds.handlers import layout
from beds.policies import POLICIES, Act
from beds.queries import ROOM, ROOMS
from beds.schemas import NewRoom, RoomChange, RoomView, named
from common.bodies import Route
from common.paging import Paged
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, list_answer, shows, shows_list

router = APIRouter(prefix="/v1/rooms", tags=["rooms"], route_class=Route)
SHOWN = Resource(ROOM, path="/v1/rooms")


@router.get("", responses=shows_list(RoomView))
async def list_rooms(
    request: Request,
    running: Running,
    caller: Calling,
    page: Paged,
    department_id: UUID | None = None,
    active: bool | None = None,
) -> Response:
    POLICIES.allow(caller, Act.READ_LAYOUT)
    rows, after = await ROOMS.read(running.database.read, page, department_id=department_id, active=active)
    return list_answer(request, [dict(row) for row in rows], after)


@router.get("/{room_id}", responses=shows(RoomView))
async def read_room(request: Request, running: Running, caller: Calling, room_id: UUID) -> Response:
    POLICIES.allow(caller, Act.READ_LAYOUT)
    return await SHOWN.show(request, running.database.read, room_id)


@router.post("", status_code=201, responses=shows(RoomView, 201))
async def add_room(
    request: Request, running: Running, caller: Calling, demand: Demanding, new: NewRoom
) -> Response:
    outcome = await layout.add_room(
        running.database, demand, caller, new.department_id, new.code, RoomFacts(**new.facts())
    )
    return await SHOWN.settle(request, running.database.read, outcome)


@router.patch("/{room_id}", responses=shows(RoomView))
async def change_room(
    request: Request, running: Running, caller: Calling, demand: Demanding, room_id: UUID, change: RoomChange
) -> Response:
    outcome = await layout.change_room(running.database, demand, caller, room_id, named(change))
    return await SHOWN.settle(request, running.database.read, outcome)


@router.delete("/{room_id}", status_code=204)
async def close_room(
    request: Request, running: Running, caller: Calling, demand: Demanding, room_id: UUID
) -> Response:
    """Takes the room out of use; refused while one of its beds is not closed."""
    outcome = await layout.close_room(running.database, demand, caller, room_id)
    return await SHOWN.settle(request, running.database.read, outcome)
