"""The way through: a request for a service passes with its caller's service token, and its answer comes back.

Plain ASGI in front of the framework: this path carries nearly all traffic.
"""

from collections.abc import AsyncIterator, Iterable, Iterator

import aiohttp
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.access import record_refusal
from common.errors import Forbidden, Malformed, Refusal, Unavailable
from common.problems import DATABASE_AWAY, refused
from common.process import MAX_BODY_BYTES, Process
from gateway.events import SERVICE
from gateway.identity.reception import Reception
from gateway.identity.sessions import Session
from gateway.identity.signed_in import session_of
from gateway.names import answer_with_names, wants_names
from gateway.services import AWAY, KEPT_HERE, WAYS, OutcomeUnknown, Services, Way

PASSED_ON = frozenset(
    {
        b"accept",
        b"content-length",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-none-match",
        b"prefer",
    }
)
#: What belongs to the connection between us, or would be the service's word where the gateway's counts.
KEPT_BACK = frozenset(
    {
        b"connection",
        b"date",
        b"keep-alive",
        b"proxy-authenticate",
        b"server",
        b"set-cookie",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-request-id",
    }
)
_WHOLE_BYTES = 256 * 1024


class TooLarge(Refusal):
    status, code = 413, "too_large"
    sentence = "A body may have 1 MB."


class Proxy:
    """Takes what belongs to a service; everything else goes on to the gateway's own routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        way = way_of(scope["path"]) if scope["type"] == "http" else None
        if way is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = way
        try:
            await _pass(way.service, scope, receive, send)
        except Refusal as refusal:
            await refused(refusal)(scope, receive, send)


def way_of(path: str) -> Way | None:
    """Where a request for this path goes, if it is a service's."""
    if path == KEPT_HERE or path.startswith(f"{KEPT_HERE}/"):
        return None
    parts = path.split("/", 3)
    return WAYS.get(parts[2]) if len(parts) > 2 and parts[1] == "v1" else None


async def _pass(service: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Raises a refusal only before the answer has begun."""
    services: Services = scope["app"].state.services
    try:
        session = await _session(scope)
    except DATABASE_AWAY:
        raise Unavailable from None
    target = target_of(scope)
    if wants_names(scope):
        await answer_with_names(services, service, target, session.caller, scope, receive, send)
        return
    async with await services.call(
        service,
        scope["method"],
        target,
        session.caller,
        headers=passed_on(scope),
        body=await _body(scope, receive),
    ) as answer:
        await _give_back(answer, service, scope["method"], send)


async def _session(scope: Scope) -> Session:
    """Whose session it is. What the gateway itself forbids it tells itself, as each service does."""
    state = scope["app"].state
    reception: Reception = state.reception
    process: Process = state.process
    try:
        return await session_of(scope, reception)
    except Forbidden as refusal:
        await record_refusal(process.database, SERVICE, scope["state"]["caller"], refusal)
        raise


def passed_on(scope: Scope) -> list[tuple[str, str]]:
    """The caller's headers that mean something to a service; never cookies or the caller's own token."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in scope["headers"]
        if name in PASSED_ON
    ]


def target_of(scope: Scope) -> str:
    """Path and query as they were sent. Raises `Malformed` where they are no ASCII."""
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    try:
        return (path + b"?" + query if query else path).decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("Write other letters in the address percent-encoded.") from None


async def _body(scope: Scope, receive: Receive) -> bytes | AsyncIterator[bytes] | None:
    """None, the whole of a short body, or the parts of a longer one. Raises `TooLarge`."""
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not declared.isdigit():
        raise Malformed
    if int(declared) > MAX_BODY_BYTES:
        raise TooLarge
    first = await receive()
    if first["type"] == "http.disconnect":
        raise Malformed
    if first.get("more_body", False):
        return _parts(first, receive)
    return first.get("body") or None


async def _parts(first: Message, receive: Receive) -> AsyncIterator[bytes]:
    message, size = first, 0
    while True:
        if message["type"] == "http.disconnect":
            raise Malformed
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise TooLarge
        if part:
            yield part
        if not message.get("more_body", False):
            return
        message = await receive()


async def _give_back(answer: aiohttp.ClientResponse, service: str, method: str, send: Send) -> None:
    """A short answer in one write, a longer one as it comes."""
    headers = [(name, value) for name, value in _lowered(answer.raw_headers) if name not in KEPT_BACK]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    length = answer.content_length
    if length is not None and length <= _WHOLE_BYTES:
        try:
            body = await answer.read()
        except AWAY as error:
            raise (
                Unavailable(service=service) if method == "GET" else OutcomeUnknown(service=service)
            ) from error
        await send(start)
        await send({"type": "http.response.body", "body": body})
        return
    await send(start)
    async for part in answer.content.iter_any():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


def _lowered(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    return ((name.lower(), value) for name, value in headers)
