"""The HTTP side that services share, through an application of nothing else."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from pydantic import Field

from common.auth import Minter, Verifier
from common.context import current_trail
from common.errors import Refusal, Unavailable
from common.metrics import Metrics
from common.middleware import RequestTrail
from common.problems import answer_with_problems
from common.web import Calling, Code, Demanding, Line, Payload, json_answer, list_answer
from tests.common.test_auth import CALLER, PRIVATE, PUBLIC

SECRET = "Jane Doe"


class BedTaken(Refusal):
    code = "bed_taken"
    sentence = "Somebody else holds this bed."


class Cat(Payload):
    kind: Literal["cat"]


class Dog(Payload):
    kind: Literal["dog"]


class Body(Payload):
    name: Line
    code: Code | None = None
    number: float | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None


def an_application() -> FastAPI:
    app = FastAPI()
    app.state.verifier, app.state.index_key = Verifier(PUBLIC, "beds"), b"k" * 32
    answer_with_problems(app)
    app.add_middleware(RequestTrail, metrics=Metrics())

    @app.post("/things")
    async def create(body: Body) -> dict[str, Any]:
        return {"name": body.name, "correlation_id": current_trail().correlation_id}

    @app.get("/things/{thing}")
    async def show(request: Request, thing: str) -> Response:
        return json_answer(request, {"thing": thing}, tag='"7"' if thing == "tagged" else None)

    @app.get("/things")
    async def listed(request: Request) -> Response:
        return list_answer(request, [1, 2], None if "after" in request.query_params else "cursor")

    @app.get("/taken")
    async def taken() -> None:
        raise BedTaken(bed_id=uuid4())

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError(SECRET)

    @app.get("/away/{how}")
    async def away(how: str) -> None:
        raise {
            "closed": asyncpg.InterfaceError(SECRET),
            "going": asyncpg.InternalClientError(SECRET),
            "refused": ConnectionRefusedError(SECRET),
            "starting": asyncpg.CannotConnectNowError(SECRET),
            "slow": TimeoutError(SECRET),
            "deadlocked": asyncpg.DeadlockDetectedError(SECRET),
            "ours": Unavailable(retry_after=7),
        }[how]

    @app.get("/me")
    async def me(caller: Calling) -> dict[str, str]:
        return {"actor": caller.actor, "trail": current_trail().actor}

    @app.post("/demands")
    async def demands(demand: Demanding) -> dict[str, Any]:
        return {
            "user": demand.user_id,
            "key": demand.key,
            "digest": demand.digest.hex(),
            "if_match": demand.if_match,
        }

    return app


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=an_application(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://toy") as client:
        yield client


def a_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of the answer, which must be whole and must not repeat what was sent."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert SECRET not in answer.text
    found: dict[str, Any] = answer.json()
    assert (found["status"], found["code"], found["type"]) == (status, code, f"/docs/problems#{code}")
    assert found["request_id"] == answer.headers["x-request-id"]
    assert found["title"]
    assert found["detail"]
    return found


async def test_a_refusal_is_a_problem_with_its_facts(client: httpx2.AsyncClient):
    found = a_problem(await client.get("/taken"), 409, "bed_taken")

    assert found["detail"] == BedTaken.sentence
    assert "bed_id" in found


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"name": 7}, "body.name", "string_type"),
        ({"name": f"{SECRET}\0"}, "body.name", "value_error"),
        ({"name": SECRET * 100}, "body.name", "string_too_long"),
        ({"name": "   "}, "body.name", "string_too_short"),
        ({}, "body.name", "missing"),
        ({"name": "x", "code": SECRET}, "body.code", "string_pattern_mismatch"),
        ({"name": "x", "number": SECRET}, "body.number", "float_parsing"),
        ({"name": "x", "surname": SECRET}, "body.surname", "extra_forbidden"),
        ({"name": "x", "pet": {"kind": SECRET}}, "body.pet", "union_tag_invalid"),
        ([SECRET], "body", "model_attributes_type"),
    ],
)
async def test_a_payload_that_makes_no_sense_is_answered_with_its_fields_and_never_with_its_content(
    client: httpx2.AsyncClient, body: Any, field: str, code: str
):
    found = a_problem(await client.post("/things", json=body), 422, "invalid")

    assert [(error["field"], error["code"]) for error in found["errors"]] == [(field, code)]
    assert set(found["errors"][0]) == {"field", "code", "message"}


@pytest.mark.parametrize("body", ['{"name": "x", "number": NaN}', '{"name": "x", "number": Infinity}'])
async def test_numbers_that_are_none_are_invalid(client: httpx2.AsyncClient, body: str):
    a_problem(await post(client, body), 422, "invalid")


@pytest.mark.parametrize("body", [f'{{"name": "{SECRET}', "", '{"name": "\\ud800"}', b'{"name": "\xff"}'])
async def test_a_body_that_cannot_be_read_is_refused(client: httpx2.AsyncClient, body: str | bytes):
    answer = await post(client, body)

    assert answer.status_code in (400, 422)
    a_problem(answer, answer.status_code, "malformed" if answer.status_code == 400 else "invalid")


async def post(client: httpx2.AsyncClient, body: str | bytes, media_type: str = "application/json"):
    return await client.post("/things", content=body, headers={"content-type": media_type})


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_type_is_refused(client: httpx2.AsyncClient, media_type: str):
    a_problem(await post(client, '{"name": "x"}', media_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", ["application/json", "Application/JSON; charset=utf-8"])
async def test_a_json_body_is_taken(client: httpx2.AsyncClient, media_type: str):
    assert (await post(client, '{"name": " x "}', media_type)).json()["name"] == "x"


async def test_what_does_not_exist_is_a_problem_too(client: httpx2.AsyncClient):
    a_problem(await client.get("/nowhere"), 404, "not_found")
    a_problem(await client.delete("/things"), 405, "method_not_allowed")


async def test_our_mistake_is_a_problem_without_any_of_its_text(client: httpx2.AsyncClient):
    a_problem(await client.get("/fails"), 500, "internal_error")


@pytest.mark.parametrize("how", ["closed", "going", "refused", "starting", "slow", "deadlocked"])
async def test_a_database_that_is_away_is_unavailable_and_to_be_tried_again(
    client: httpx2.AsyncClient, how: str
):
    answer = await client.get(f"/away/{how}")

    a_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_what_is_unavailable_says_when_to_come_back(client: httpx2.AsyncClient):
    assert (await client.get("/away/ours")).headers["retry-after"] == "7"


async def test_a_plain_request_id_is_taken_over_and_becomes_the_correlation_id(client: httpx2.AsyncClient):
    answer = await client.post("/things", json={"name": "x"}, headers={"x-request-id": "request-12345"})

    assert answer.headers["x-request-id"] == answer.json()["correlation_id"] == "request-12345"


@pytest.mark.parametrize("strange", ["short", "a" * 65, "with blank in it", "<script>", SECRET])
async def test_a_strange_request_id_is_replaced(client: httpx2.AsyncClient, strange: str):
    answer = await client.get("/nowhere", headers={"x-request-id": strange})

    assert answer.headers["x-request-id"] != strange


async def test_a_resource_is_sent_once_and_then_not_again(client: httpx2.AsyncClient):
    first = await client.get("/things/a")
    again = await client.get("/things/a", headers={"if-none-match": first.headers["etag"]})
    other = await client.get("/things/b", headers={"if-none-match": first.headers["etag"]})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (other.status_code, other.json()) == (200, {"thing": "b"})


@pytest.mark.parametrize("known", ['"7"', "*", 'W/"7"', '"6", "7"', '"6",W/"7"'])
async def test_every_form_in_which_a_client_may_name_what_it_has_is_understood(
    client: httpx2.AsyncClient, known: str
):
    assert (await client.get("/things/tagged", headers={"if-none-match": known})).status_code == 304


@pytest.mark.parametrize("known", ['"77"', "7", '"6", "8"', ""])
async def test_another_tag_gets_the_whole_resource(client: httpx2.AsyncClient, known: str):
    assert (await client.get("/things/tagged", headers={"if-none-match": known})).status_code == 200


async def test_a_list_links_to_its_next_page_with_the_same_filters(client: httpx2.AsyncClient):
    first = await client.get("/things", params={"state": "a b", "limit": "2"})
    target, rel = first.headers["link"].split("; ")
    last = await client.get(target.strip("<>"))

    assert first.json() == {"items": [1, 2], "next": "cursor"}
    assert rel == 'rel="next"'
    assert dict(httpx2.URL(target.strip("<>")).params) == {"state": "a b", "limit": "2", "after": "cursor"}
    assert last.json()["next"] is None
    assert "link" not in last.headers


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_the_caller_becomes_the_actor_of_the_request(client: httpx2.AsyncClient):
    answer = await client.get("/me", headers=bearing(Minter(PRIVATE).mint(CALLER, "beds", "request")))

    assert answer.json() == {"actor": f"user/{CALLER.user_id}", "trail": f"user/{CALLER.user_id}"}


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer x", "bearer a.b.c"]
)
async def test_whoever_shows_no_token_is_asked_to_sign_in(
    client: httpx2.AsyncClient, authorization: str | None
):
    answer = await client.get(
        "/me", headers={"authorization": authorization} if authorization is not None else {}
    )

    a_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_demand_seals_method_path_and_body_of_its_key(client: httpx2.AsyncClient):
    headers = bearing(Minter(PRIVATE).mint(CALLER, "beds", "request")) | {
        "idempotency-key": "k",
        "if-match": '"1"',
    }
    one = (await client.post("/demands", json={"a": 1}, headers=headers)).json()
    same = (await client.post("/demands", json={"a": 1}, headers=headers)).json()
    other = (await client.post("/demands", json={"a": 2}, headers=headers)).json()

    assert (one["user"], one["key"], one["if_match"]) == (str(CALLER.user_id), "k", '"1"')
    assert one["digest"] == same["digest"] != other["digest"]


@pytest.mark.parametrize("key", ["", "a" * 201, "with blank"])
async def test_a_strange_idempotency_key_is_invalid(client: httpx2.AsyncClient, key: str):
    headers = bearing(Minter(PRIVATE).mint(CALLER, "beds", "request")) | {"idempotency-key": key}

    found = a_problem(await client.post("/demands", headers=headers), 422, "invalid")

    assert found["errors"][0]["field"] == "header.idempotency-key"


async def test_each_request_is_logged_with_its_route_and_without_its_content(
    client: httpx2.AsyncClient, capsys
):
    await client.get(f"/things/{SECRET}", params={"name": SECRET})

    said = capsys.readouterr().out
    assert "/things/{thing}" in said
    assert "Jane" not in said
