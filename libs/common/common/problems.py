"""Every error answer is RFC 9457 problem+json, and nothing of the request's content is in it."""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from common.context import current_trail
from common.errors import FieldError, Invalid, Malformed, Refusal, Unavailable

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


def invalid_fields(error: RequestValidationError) -> Refusal:
    """FastAPI's own 422 echoes the input, which may be a whole patient ●; this names the fields only."""
    problems = error.errors()
    if any(found["type"] == "json_invalid" for found in problems):
        return Malformed("The body is not valid JSON.")
    return Invalid(
        errors=[
            FieldError(
                field=".".join(str(part) for part in found["loc"]),
                code=found["type"],
                message="must be acceptable" if found["type"] in _QUOTING else found["msg"],
            )
            for found in problems
        ]
    )


def answer_with_problems(app: FastAPI) -> None:
    """Registers the handlers that turn refusals and framework errors into problem documents."""

    @app.exception_handler(Refusal)
    async def _refusal(_: Request, refusal: Refusal) -> Response:
        return refused(refusal)

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> Response:
        return refused(invalid_fields(error))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        code = _HTTP_CODES.get(error.status_code, "bad_request")
        sentence = {
            "not_found": "There is no such path; the list is at /v1/openapi.json.",
            "method_not_allowed": "This path does not take this method.",
        }.get(code, "The request could not be taken.")
        return problem(error.status_code, code, sentence, headers=error.headers)

    async def _away(_: Request, __: Exception) -> Response:
        return refused(Unavailable())

    for away in DATABASE_AWAY:
        app.add_exception_handler(away, _away)
