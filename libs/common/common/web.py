"""The HTTP side that every service shares: who calls, what is asked beside the content, how an answer is given."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request, Response
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    create_model,
)

from common import idempotency
from common.auth import Caller, Verifier
from common.context import act_as
from common.errors import Unauthenticated
from common.idempotency import Demand

JSON_OPTIONS = orjson.OPT_UTC_Z
_WRITTEN_OUT = re.compile(r"\d{4}-\d{2}-\d{2}")


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain NUL")
    return text


#: A line of text from outside: bounded, stripped, storable (no NUL; lone surrogates pydantic refuses itself).
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_without_nul)
]


def _written_out(value: Any) -> Any:
    if (isinstance(value, str) and _WRITTEN_OUT.match(value) is None) or isinstance(value, int | float):
        raise ValueError("must be written out")
    return value


#: A time as RFC 3339 writes it. The library would also take seconds since 1970 for one.
Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]
#: A time that a hospital plans or looks back to: never so far off that a day before or after it is no time any more.
NearInstant = Annotated[
    Instant, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
]
#: A date, `1980-02-03`, and no number either.
Day = Annotated[date, BeforeValidator(_written_out)]
#: A machine word such as a reason code or the code of a bed.
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]


class Payload(BaseModel):
    """What a request may contain. Unknown fields are refused: a misspelt field must not be silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


async def calling(request: Request) -> Caller:
    """The caller that the gateway vouches for. Raises `Unauthenticated`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    verifier: Verifier = request.app.state.verifier
    caller = verifier.verify(token)
    request.state.caller = caller
    act_as(caller.actor)
    return caller


Calling = Annotated[Caller, Depends(calling)]
IfMatch = Annotated[str | None, Header(max_length=200)]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


async def demanding(
    request: Request,
    caller: Calling,
    idempotency_key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Demand:
    """The conditions under which a command is to be carried out."""
    return await demand_of(request, caller.user_id, idempotency_key, if_match)


async def demand_of(request: Request, user_id: UUID, key: str | None, if_match: str | None = None) -> Demand:
    """What this request demands when it is done by `user_id`; with a key, its method, path and body are sealed."""
    if key is None:
        return Demand(user_id, if_match=if_match)
    seal = idempotency.digest(
        request.app.state.index_key, request.method, request.url.path, await request.body()
    )
    return Demand(user_id, key, seal, if_match)


Demanding = Annotated[Demand, Depends(demanding)]


def json_answer(
    request: Request,
    content: Any,
    *,
    status: int = 200,
    tag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """JSON, encoded once, with its ETag; 304 when the client has it. Without a `tag` the content itself is the tag."""
    encoded = orjson.dumps(content, option=JSON_OPTIONS)
    etag = tag or f'"{blake2b(encoded, digest_size=12).hexdigest()}"'
    named = {"etag": etag, **(headers or {})}
    if request.method == "GET" and _is_known(etag, request.headers.get("if-none-match", "")):
        return Response(None, 304, named)
    return Response(encoded, status, named, "application/json")


def _is_known(etag: str, known: str) -> bool:
    """`known` is an If-None-Match: `*`, or tags of which a proxy may have made weak ones (RFC 9110 §13.1.2)."""
    return known == "*" or etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]


def list_answer(request: Request, items: Sequence[Any], after: str | None) -> Response:
    """`{"items": [...], "next": cursor or null}` with `Link: rel="next"`."""
    headers = {}
    if after is not None:
        query = {**request.query_params, "after": after}
        headers["link"] = f'<{request.url.path}?{urlencode(query)}>; rel="next"'
    return json_answer(request, {"items": items, "next": after}, headers=headers)


def location(path: str, resource: UUID) -> dict[str, str]:
    return {"location": f"{path}/{resource}"}


def shows(view: type[BaseModel], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of an answer that is encoded by hand: it has this shape."""
    return {status: {"model": view, "description": "as it is now"}}


def shows_list(view: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a list: a page of these and the cursor of the next."""
    return shows(create_model(f"{view.__name__}List", items=(list[view], ...), next=(str | None, None)))  # type: ignore[valid-type]
