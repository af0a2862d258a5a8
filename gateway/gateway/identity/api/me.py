"""One's own user."""

from fastapi import APIRouter, Request, Response

from common.bodies import Route
from common.command import recall
from common.process import Running
from common.web import json_answer
from gateway.identity import queries
from gateway.identity.api.users import USER
from gateway.identity.domain import WrongPassword
from gateway.identity.handlers import users
from gateway.identity.reception import Receiving
from gateway.identity.schemas import Me, PasswordChange, UserOut
from gateway.identity.signed_in import Demanding, SignedIn, address_of
from gateway.identity.throttle import Origin

router = APIRouter(prefix="/v1/me", tags=["identity"], route_class=Route)


@router.get("", response_model=Me)
async def read_me(request: Request, process: Running, session: SignedIn) -> Response:
    """Who is signed in, and what this session may do."""
    caller = session.caller
    row = await process.database.read.first(queries.USER, of_id=caller.user_id)
    assert row is not None
    content = {
        "user": dict(row),
        "grants": row["grants"],
        "staff_member_id": row["staff_member_id"],
        "session_id": caller.session_id,
        "expires_at": session.expires_at,
    }
    return json_answer(request, content)


@router.put("/password", response_model=UserOut)
async def change_password(
    request: Request,
    process: Running,
    reception: Receiving,
    session: SignedIn,
    demand: Demanding,
    change: PasswordChange,
) -> Response:
    """Ends the user's other sessions."""
    caller, passwords = session.caller, reception.passwords
    known = await process.database.read.first(queries.CREDENTIALS, of_user=caller.user_id)
    assert known is not None
    # After the credentials: whoever finds no earlier twin here holds those from before any.
    if (earlier := await recall(process.database.read, demand)) is not None:
        return await USER.settle(request, process.database.read, earlier)
    here = Origin(address_of(request.scope), known_device=str(caller.session_id))
    async with reception.sign_ins.turn(here, str(caller.user_id)):
        good, _ = await passwords.verify(
            change.current_password.get_secret_value(), known["password_hash"], known_device=True
        )
        if not good:
            raise WrongPassword
    new_hash = await passwords.hash(change.new_password.get_secret_value())
    outcome = await users.change_password(
        process.database, demand, caller.user_id, known["password_hash"], new_hash, caller.session_id
    )
    return await USER.settle(request, process.database.read, outcome)
