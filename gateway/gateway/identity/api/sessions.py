"""Signing in and out, and the sessions that are open."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from common.bodies import Route
from common.errors import Forbidden, NotFound
from common.process import Running
from common.web import json_answer, list_answer
from gateway.events import PersonAccess
from gateway.identity import queries
from gateway.identity.cookies import give_session, take_session
from gateway.identity.handlers import sessions, users
from gateway.identity.looking import note_look
from gateway.identity.policies import POLICIES
from gateway.identity.reception import Receiving
from gateway.identity.schemas import SessionList, SessionOpened, SignIn
from gateway.identity.signed_in import Demanding, Passing, SignedIn, address_of
from gateway.identity.throttle import Origin

router = APIRouter(prefix="/v1/sessions", tags=["identity"], route_class=Route)
_DEVICE_LENGTH = 200


@router.post("", status_code=201, response_model=SessionOpened, dependencies=[Passing])
async def sign_in(
    request: Request, process: Running, reception: Receiving, given: SignIn, cookie: bool = False
) -> Response:
    """A session. Each call opens another one: an `Idempotency-Key` has no meaning here."""
    origin = Origin(address_of(request.scope), reception.devices.known(request, given.username))
    terms = sessions.Terms(
        reception.idle,
        reception.whole,
        request.headers.get("user-agent", "")[:_DEVICE_LENGTH],
        origin.known_device is not None,
    )
    password = given.password.get_secret_value()
    async with reception.sign_ins.turn(origin, given.username):
        opened = await sessions.sign_in(
            process.database, reception.passwords, given.username, password, terms
        )
    as_cookie = cookie or given.cookie
    content = await _opened(process, opened)
    answer = json_answer(request, content | {"token": None if as_cookie else opened.token}, status=201)
    if as_cookie:
        give_session(request, answer, opened.token)
        reception.devices.give(request, answer, given.username)
    return answer


async def _opened(process: Running, opened: sessions.Opened) -> dict[str, Any]:
    row = await process.database.read.first(queries.USER, of_id=opened.user_id)
    assert row is not None
    return {
        "user": dict(row),
        "grants": row["grants"],
        "staff_member_id": row["staff_member_id"],
        "session_id": opened.session_id,
        "expires_at": opened.expires_at,
        "idle_seconds": int(opened.idle.total_seconds()),
    }


@router.get("", response_model=SessionList)
async def list_sessions(
    request: Request,
    process: Running,
    session: SignedIn,
    user_id: Annotated[UUID | None, Query(description="an admin may ask for another user's")] = None,
) -> Response:
    caller = session.caller
    whose = user_id or caller.user_id
    if whose != caller.user_id:
        POLICIES.allow(caller, "sessions.read")
        await note_look(process, caller, PersonAccess.PERSON_READ, "sessions.read", [whose])
    rows = await process.database.read.all(queries.SESSIONS, of_user=whose, current=caller.session_id)
    return list_answer(request, [dict(row) for row in rows], None)


@router.delete("/current", status_code=204)
async def sign_out(
    request: Request, process: Running, reception: Receiving, session: SignedIn, demand: Demanding
) -> Response:
    caller = session.caller
    await sessions.sign_out(process.database, demand, caller.user_id, caller.session_id)
    reception.sessions.forget(caller.user_id)
    answer = Response(None, 204)
    take_session(request, answer)
    return answer


@router.delete("/{session_id}", status_code=204)
async def end_session(process: Running, session: SignedIn, demand: Demanding, session_id: UUID) -> Response:
    """One's own on a lost device, or anybody's for an admin. What is not there for the caller is not there: 404."""
    caller = session.caller
    owner = await sessions.owner_of(process.database, session_id)
    if owner is None:
        raise NotFound
    if owner != caller.user_id:
        try:
            POLICIES.allow(caller, "sessions.end")
        except Forbidden:
            raise NotFound from None
    await users.end_session(process.database, demand, owner, session_id)
    return Response(None, 204)
