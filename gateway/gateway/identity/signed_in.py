"""Who calls the gateway itself: the holder of a session's token, sent as a bearer or in the browser's cookie."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from starlette.types import Scope

from common.context import act_as
from common.errors import Unauthenticated
from common.idempotency import Demand, digest
from common.web import IdempotencyKey, IfMatch, demand_of
from gateway.identity.cookies import CrossSite, is_cross_site, session_token
from gateway.identity.reception import Receiving, Reception
from gateway.identity.sessions import Session


def address_of(scope: Scope) -> str:
    """The caller's network address."""
    client = scope.get("client")
    return client[0] if client else "unknown"


async def session_of(scope: Scope, reception: Reception) -> Session:
    """The live session of a request; its caller is `request.state.caller` from then on.

    Raises `Unauthenticated`, `TooManyRequests`, and `CrossSite` for a command by cookie from a page of another site.
    """
    token, by_cookie = _token(scope)
    session = None if token is None else await reception.sessions.find(token)
    if session is None:
        reception.strangers.take(address_of(scope))
        raise Unauthenticated
    reception.requests.take(session.key)
    act_as(session.caller.actor)
    scope.setdefault("state", {})["caller"] = session.caller
    if by_cookie and is_cross_site(scope):
        raise CrossSite(act="cross_site")
    return session


def _token(scope: Scope) -> tuple[str | None, bool]:
    """The token, and whether a browser sent it by itself."""
    cookie = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return (token.strip() if scheme.lower() == "bearer" else None), False
        if name == b"cookie":
            cookie = value.decode("latin-1")
    return (None if cookie is None else session_token(scope, cookie)), True


async def signing_in(request: Request, reception: Receiving) -> Session:
    return await session_of(request.scope, reception)


SignedIn = Annotated[Session, Depends(signing_in)]


async def demanding(
    request: Request,
    session: SignedIn,
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Demand:
    """The conditions under which a command of the gateway itself is to be carried out."""
    return await demand_of(request, session.caller.user_id, idempotency_key, if_match)


Demanding = Annotated[Demand, Depends(demanding)]


async def passing(request: Request, reception: Receiving) -> None:
    """For what anyone may ask: only the rate of the address counts."""
    reception.strangers.take(address_of(request.scope))


Passing = Depends(passing)


async def anonymous_demand(request: Request, name: str, key: str | None) -> Demand:
    """For an act of somebody who has no user yet: keys are kept apart by the name that is asked for."""
    seal = digest(request.app.state.index_key, "anonymous", request.url.path, name.encode())
    return await demand_of(request, UUID(bytes=seal[:16]), key)
