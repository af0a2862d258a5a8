"""Users: anyone may sign up; admins see everybody and decide who may do what.

A user has a name: whatever shows one to an admin is an access event, told before the answer leaves.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from common.auth import Caller
from common.bodies import Route
from common.paging import Paged
from common.process import Process, Running
from common.resources import Resource
from common.web import IdempotencyKey, list_answer
from gateway.events import PersonAccess
from gateway.identity import queries
from gateway.identity.domain import Role
from gateway.identity.handlers import users
from gateway.identity.looking import note_look
from gateway.identity.policies import POLICIES
from gateway.identity.reception import Receiving
from gateway.identity.schemas import Grants, SignUp, UserChange, UserList, UserOut
from gateway.identity.signed_in import Demanding, Passing, SignedIn, address_of, anonymous_demand

router = APIRouter(prefix="/v1/users", tags=["identity"], route_class=Route)


USER = Resource(queries.USER, path="/v1/users")


@router.post("", status_code=201, response_model=UserOut, dependencies=[Passing])
async def sign_up(
    request: Request,
    process: Running,
    reception: Receiving,
    new: SignUp,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """A user without any rights. A `role` is kept as a wish for the admins to see."""
    reception.sign_ups.take(address_of(request.scope))
    demand = await anonymous_demand(request, new.username, idempotency_key)
    password_hash = await reception.passwords.hash(new.password.get_secret_value())
    wanted = users.NewUser(new.username, new.email, password_hash, new.role)
    outcome = await users.sign_up(process.database, demand, wanted)
    return await USER.settle(request, process.database.read, outcome)


@router.get("", response_model=UserList)
async def list_users(
    request: Request,
    process: Running,
    session: SignedIn,
    page: Paged,
    active: Annotated[bool | None, Query()] = None,
    wished_role: Annotated[Role | None, Query()] = None,
) -> Response:
    POLICIES.allow(session.caller, "users.read")
    rows, after = await queries.USERS.read(
        process.database.read, page, active=active, wished_role=wished_role
    )
    await note_look(process, session.caller, PersonAccess.SEARCH, "users.read", [row["id"] for row in rows])
    return list_answer(request, [dict(row) for row in rows], after)


@router.get("/{user_id}", response_model=UserOut)
async def read_user(request: Request, process: Running, session: SignedIn, user_id: UUID) -> Response:
    POLICIES.allow(session.caller, "users.read")
    return await _show(request, process, session.caller, "users.read", user_id)


@router.put("/{user_id}/grants", response_model=UserOut)
async def set_grants(
    request: Request, process: Running, session: SignedIn, demand: Demanding, user_id: UUID, wanted: Grants
) -> Response:
    """Replaces everything that the user may do. Felt at once here, within a second everywhere."""
    POLICIES.allow(session.caller, "users.grant")
    await users.set_grants(process.database, demand, user_id, wanted.as_rights(), session.caller.user_id)
    return await _show(request, process, session.caller, "users.grant", user_id)


@router.patch("/{user_id}", response_model=UserOut)
async def change_user(
    request: Request,
    process: Running,
    session: SignedIn,
    demand: Demanding,
    user_id: UUID,
    change: UserChange,
) -> Response:
    """Deactivating ends the user's sessions."""
    POLICIES.allow(session.caller, "users.change")
    await users.set_active(process.database, demand, user_id, change.active)
    return await _show(request, process, session.caller, "users.change", user_id)


async def _show(request: Request, process: Process, caller: Caller, act: str, user_id: UUID) -> Response:
    answer = await USER.show(request, process.database.read, user_id)
    await note_look(process, caller, PersonAccess.PERSON_READ, act, [user_id])
    return answer
