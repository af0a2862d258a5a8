"""Pure ASGI middleware ● (the framework's own base class leaks connections under cancellation)."""

import re
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import tracing
from common.context import Trail, following
from common.ids import new_id
from common.metrics import UNMATCHED, Metrics
from common.problems import problem

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = structlog.get_logger()

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_TRACED = "/v1/"
_WITH_BODY = {"POST", "PUT", "PATCH"}


class RequestTrail:
    """Gives each request its trail, answers what nobody caught, and writes one log line without any content.

    A caller's `X-Request-Id` is taken over where it is a plain token; the id is the correlation id of every event.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, trust_request_id: bool = True) -> None:
        self._app, self._metrics, self._trust = app, metrics, trust_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if self._trust and _REQUEST_ID.fullmatch(given) else str(new_id())
        trail = Trail(request_id, "anonymous", traceparent=tracing.valid(headers.get("traceparent")))
        started, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with following(trail), _span_of(scope) as span:
            try:
                if _has_wrong_type(scope["method"], headers):
                    answer = problem(415, "unsupported_media_type", "Send the body as application/json.")
                    await answer(scope, receive, send_named)
                else:
                    await self._app(scope, receive, send_named)
            except Exception as error:
                log.error("request_failed", kind=type(error).__name__, exc_info=True)
                if status:
                    raise
                answer = problem(500, "internal_error", "This is our mistake. Quote the request id to us.")
                await answer(scope, receive, send_named)
            finally:
                method, route, seconds = scope["method"], _route_of(scope), time.perf_counter() - started
                self._metrics.request(method, route, status, seconds)
                if span is not None:
                    _tell(span, method, route, status)
                log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


class BodyLimit:
    """Refuses bodies of more than `limit` bytes, announced or not. The framework's own limit answers in plain text."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self._limit:
            await problem(413, "too_large", "The body has more bytes than are taken here.")(
                scope, receive, send
            )
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)


def _span_of(scope: Scope) -> "AbstractContextManager[Span | None]":
    """Probes and scrapes are nobody's request: they are not traced."""
    return tracing.serving(scope["method"]) if scope["path"].startswith(_TRACED) else nullcontext()


def _tell(span: "Span", method: str, route: str, status: int) -> None:
    span.update_name(f"{method} {route}")
    span.set_attributes(
        {"http.request.method": method, "http.route": route, "http.response.status_code": status}
    )
    if status >= 500:
        tracing.fail(span, str(status))


def _route_of(scope: Scope) -> str:
    """The template of the route, never the path: that has ids in it."""
    return getattr(scope.get("route"), "path", UNMATCHED)


def _has_wrong_type(method: str, headers: Headers) -> bool:
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return method in _WITH_BODY and has_body and media_type != "application/json"
