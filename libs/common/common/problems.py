"""Every error answer is RFC 9457 problem+json, and nothing of the request's content is in it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from common.context import current_trail
from common.errors import FieldError, Invalid, Malformed, Refusal, Unavailable
from common.retrying import REPEATABLE

DATABASE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    OSError,
)
_QUOTING = {"value_error", "assertion_error", "union_tag_invalid", "uuid_parsing"}
"""Errors whose sentence quotes what was sent, or may."""
_PLAIN_WORD = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_HTTP_CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document. `facts` are extension members: ids, states and times."""
    body: dict[str, Any] = {
        "type": f"/docs/problems#{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": current_trail().correlation_id,
    }
    if errors:
        body["errors"] = list(errors)
    content = orjson.dumps(body | dict(facts or {}), default=str, option=orjson.OPT_UTC_Z)
    return Response(content, status, dict(headers or {}), "application/problem+json")


def refused(refusal: Refusal) -> Response:
    """The answer that a refusal stands for."""
    return problem(
        refusal.status,
        refusal.code,
        refusal.detail,
        errors=refusal.errors,
        facts=refusal.facts,
        headers=refusal.headers,
    )


def problem_codes(kind: type[Refusal] = Refusal) -> dict[str, dict[str, Any]]:
    """Every refusal that this process knows, by code, for the description of its routes."""
    found = {kind.code: {"status": kind.status, "detail": kind.sentence}}
    for narrower in kind.__subclasses__():
        found = problem_codes(narrower) | found
    return found


def _place_of(parts: Sequence[int | str]) -> str:
    """A path such as `body.name`. Names come from the request too: what is no plain word is not repeated."""
    named = [str(part) if isinstance(part, int) or _PLAIN_WORD.fullmatch(part) else "?" for part in parts]
    return ".".join(named)


def invalid_fields(error: RequestValidationError) -> Refusal:
    """FastAPI's own 422 echoes the input, which may be a whole patient ●; this names the fields only."""
    problems = error.errors()
    if any(found["type"] == "json_invalid" for found in problems):
        return Malformed("The body is not valid JSON, or a name stands twice in an object.")
    return Invalid(
        errors=[
            FieldError(
                field=_place_of(found["loc"]),
                code=found["type"],
                message="must be acceptable" if found["type"] in _QUOTING else found["msg"],
            )
            for found in problems
        ]
    )


def _allowed(request: Request) -> str:
    """The methods of all routes with this path; the framework names those of the first."""
    routes = [
        route for route in request.app.router.routes if route.matches(request.scope)[0] is not Match.NONE
    ]
    return ", ".join(sorted({method for route in routes for method in getattr(route, "methods", None) or ()}))


def answer_with_problems(app: FastAPI) -> None:
    """Registers the handlers that turn refusals and framework errors into problem documents."""

    @app.exception_handler(Refusal)
    async def _refusal(_: Request, refusal: Refusal) -> Response:
        return refused(refusal)

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> Response:
        return refused(invalid_fields(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        code = _HTTP_CODES.get(error.status_code, "bad_request")
        sentence = {
            "not_found": "There is no such path; the list is at /v1/openapi.json.",
            "method_not_allowed": "This path does not take this method.",
        }.get(code, "The request could not be taken.")
        headers = {"allow": _allowed(request)} if error.status_code == 405 else error.headers
        return problem(error.status_code, code, sentence, headers=headers)

    async def _away(_: Request, __: Exception) -> Response:
        return refused(Unavailable())

    for away in (*DATABASE_AWAY, *REPEATABLE):
        app.add_exception_handler(away, _away)
