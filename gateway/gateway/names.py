"""Names on boards: the beds come from one service, the names of the patients in them from another (contract §2)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from common.auth import Caller
from common.errors import Unavailable
from common.web import json_answer
from gateway.services import AWAY, Services

_INCLUDE = "patient_name"
_AT_ONCE = 200
_HEADERS = (("Content-Type", "application/json"), ("Accept", "application/json"))
_PASSED_BACK = ("link", "retry-after")

Names = dict[str, str | None]


class _NamesWithheld(Exception):
    """Admissions is there and says no: this caller may not see names."""


def wants_names(scope: Scope) -> bool:
    """Whether the query says `include=patient_name`. A file, asked for by `format`, has no place for names."""
    query: bytes = scope["query_string"]
    if scope["method"] != "GET" or b"include=" not in query:
        return False
    asked = parse_qs(query.decode("latin-1"))
    if asked.get("format", ["json"]) != ["json"]:
        return False
    return any(_INCLUDE in value.split(",") for value in asked.get("include", []))


async def answer_with_names(
    services: Services, service: str, target: str, caller: Caller, scope: Scope, receive: Receive, send: Send
) -> None:
    """The service's answer with `patient_name` beside each `patient_id`, and an ETag over the whole.

    Where no names can be had the rest still comes, with `"names": "unavailable"` or `"withheld"`.
    """
    async with await services.call(service, "GET", target, caller, headers=_HEADERS[1:]) as answer:
        try:
            body = await answer.read()
        except AWAY as error:
            raise Unavailable(service=service) from error
    passed = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
    if answer.status != 200:
        await Response(body, answer.status, passed, answer.content_type)(scope, receive, send)
        return
    content = await _named(services, caller, orjson.loads(body))
    await json_answer(Request(scope), content, headers=passed)(scope, receive, send)


async def _named(services: Services, caller: Caller, content: Any) -> Any:
    places = list(_places(content))
    ids = sorted({place["patient_id"] for place in places if place["patient_id"]})
    names: Names = {}
    try:
        for first in range(0, len(ids), _AT_ONCE):
            names |= await _ask(services, caller, ids[first : first + _AT_ONCE])
    except Unavailable:
        content["names"] = "unavailable"
    except _NamesWithheld:
        content["names"] = "withheld"
    for place in places:
        place["patient_name"] = names.get(place["patient_id"])
    return content


def _places(content: Any) -> Iterator[dict[str, Any]]:
    """Every object in the answer that speaks of a patient."""
    if isinstance(content, dict):
        if "patient_id" in content:
            yield content
        for part in content.values():
            yield from _places(part)
    elif isinstance(content, list):
        for part in content:
            yield from _places(part)


async def _ask(services: Services, caller: Caller, ids: list[str]) -> Names:
    body = orjson.dumps({"ids": ids})
    async with await services.call(
        "admissions", "POST", "/v1/patients/names", caller, headers=_HEADERS, body=body, purpose="names"
    ) as answer:
        try:
            content = await answer.read()
        except AWAY as error:
            raise Unavailable from error
    if answer.status in (401, 403):
        raise _NamesWithheld
    if answer.status != 200:
        raise Unavailable
    names: Names = orjson.loads(content)["names"]
    return names
