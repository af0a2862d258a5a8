"""The way through: what passes, what stays, what happens when a service is away."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import orjson
import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OKPKey

from common.auth import Grant, Verifier
from common.ids import new_id
from gateway.services import WAYS
from tests.gateway.conftest import OpenHouse
from tests.gateway.house import CLOSED, House, Services
from tools.stack.secrets import Secrets


async def test_only_what_means_something_to_a_service_passes(house: House):
    visitor = await house.newcomer()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    sent = {
        "accept": "application/json",
        "content-type": "application/json",
        "cookie": "a=b",
        "idempotency-key": "k-1",
        "if-match": '"1"',
        "prefer": "wait=3",
        "traceparent": traceparent,
        "x-request-id": "chosen-by-the-caller",
        "x-forwarded-for": "192.0.2.1",
        "user-agent": "a browser",
    }
    answer = await visitor.client.post("/v1/admissions?a=%C3%A4&b=%2F", content=b'{"x": 1}', headers=sent)
    assert answer.status_code == 200
    (asked,) = house.services.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/admissions?a=%C3%A4&b=%2F", b'{"x": 1}')
    got = {name.lower(): value for name, value in asked.headers.items()}
    for name in ("accept", "content-type", "idempotency-key", "if-match", "prefer", "traceparent"):
        assert got.pop(name) == sent[name]
    assert got.pop("x-request-id") == answer.headers["x-request-id"] != "chosen-by-the-caller"
    assert visitor.token not in got.pop("authorization")
    assert set(got) == {"host", "content-length"}


async def test_the_service_token_says_who_calls_and_is_for_that_service_only(house: House, secrets: Secrets):
    visitor, admin, ward = await house.newcomer(), await house.admin(), new_id()
    grants = [{"role": "nurse", "departments": [str(ward)]}]
    await admin.client.put(f"/v1/users/{visitor.id}/grants", json={"grants": grants})
    for path in ("/v1/beds", "/v1/beds", "/v1/patients", "/v1/audit/entries"):
        await visitor.client.get(path)
    tokens = [asked.token for asked in house.services.asked]
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3
    for token, audience in zip(tokens[1:], ("beds", "admissions", "audit"), strict=True):
        caller = Verifier(secrets.token_public_key(), audience).verify(token)
        assert (str(caller.user_id), str(caller.session_id)) == (visitor.id, visitor.session_id)
        assert caller.grants == (Grant("nurse", frozenset({ward})),)
    key = OKPKey.import_key(orjson.loads(secrets.token_public_key()))
    claims = jwt.decode(tokens[0], key, algorithms=["Ed25519"]).claims
    assert (claims["purpose"], claims["av"]) == ("request", 2)
    assert claims["exp"] - claims["iat"] <= 60


@pytest.mark.parametrize("first", sorted(WAYS))
async def test_nobody_passes_without_a_session(house: House, first: str):
    for method in ("GET", "POST", "DELETE"):
        answer = await house.client().request(method, f"/v1/{first}/x")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert house.services.asked == []


async def test_answers_come_back_as_they_are_without_the_connections_own(house: House):
    visitor = await house.newcomer()

    async def refuse(_: web.Request) -> web.Response:
        headers = {
            "etag": '"7"',
            "set-cookie": "a=b",
            "x-request-id": "theirs",
            "link": "</v1/beds>; rel=next",
        }
        return web.Response(body=b"{}", status=409, headers=headers, content_type="application/problem+json")

    house.services.answers["GET", "/v1/beds"] = refuse
    answer = await visitor.client.get("/v1/beds")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (409, b"{}", '"7"')
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["link"] == "</v1/beds>; rel=next"
    assert answer.headers["x-request-id"] != "theirs"
    assert "set-cookie" not in answer.headers


async def test_long_answers_are_passed_on_as_they_come(house: House):
    visitor = await house.newcomer()

    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for number in range(50):
            await answer.write(b"%d," % number * 1000)
        return answer

    house.services.answers["GET", "/v1/audit/export"] = stream
    house.services.answers["GET", "/v1/beds"] = b"x" * 2_000_000
    assert len((await visitor.client.get("/v1/audit/export")).content) == 140_000
    assert len((await visitor.client.get("/v1/beds")).content) == 2_000_000


async def parts(size: int):
    for _ in range(size // 1024):
        yield b" " * 1024


@pytest.mark.parametrize("streamed", [False, True])
async def test_bodies_have_a_limit(house: House, streamed: bool):
    visitor = await house.newcomer()

    async def post(path: str, size: int) -> tuple[int, str | None]:
        content = parts(size) if streamed else b" " * size
        headers = {"content-type": "application/json"}
        answer = await visitor.client.post(path, content=content, headers=headers)
        return answer.status_code, answer.json().get("code")

    assert await post("/v1/admissions", 1024 * 1024) == (200, None)
    assert len(house.services.asked[-1].body) == 1024 * 1024
    assert await post("/v1/admissions", 1024 * 1024 + 1024) == (413, "too_large")
    assert await post("/v1/users", 1024 * 1024 + 1024) == (413, "too_large")
    assert len(house.services.asked) == 1


async def test_whoever_leaves_before_the_body_keeps_no_service_waiting(house: House):
    visitor = await house.newcomer()
    answer: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        answer.append(message)

    headers = {
        "authorization": f"Bearer {visitor.token}",
        "content-type": "application/json",
        "content-length": "24",
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/admissions",
        "raw_path": b"/v1/admissions",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    await asyncio.wait_for(house.app(scope, receive, send), 5)
    assert answer[0]["status"] == 400
    assert house.services.asked == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_a_service_that_is_away_changed_nothing(
    opening: OpenHouse, shared_database: str, services: Services, method: str
):
    async with opening(shared_database, services, BEDS_URL=CLOSED) as house:
        visitor = await house.newcomer()
        answer = await visitor.client.request(method, "/v1/beds")
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["service"]) == (503, "unavailable", "beds")
        assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("GET", "unavailable"),
        ("POST", "outcome_unknown"),
        ("PUT", "outcome_unknown"),
        ("DELETE", "outcome_unknown"),
    ],
)
async def test_a_connection_lost_under_way_is_told_and_never_repeated_by_itself(
    house: House, method: str, code: str
):
    visitor = await house.newcomer()
    tries = 0

    async def hang_up(request: web.Request) -> web.Response:
        nonlocal tries
        tries += 1
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    await visitor.client.request(method, "/v1/beds")  # a connection that is kept and used again
    house.services.answers[method, "/v1/beds"] = hang_up
    answer = await visitor.client.request(method, "/v1/beds", headers={"idempotency-key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert tries == 1


async def test_paths_cannot_leave_the_public_part(house: House):
    visitor = await house.newcomer()
    for path in ("/v1/beds/../../health/details", "/v1/beds/%2e%2e/%2e%2e/openapi.json"):
        scope_path = path.encode()
        await raw_get(house, scope_path, visitor.token)
        assert house.services.asked[-1].path == path


async def raw_get(house: House, path: bytes, token: str) -> int:
    """A request whose path no client library has tidied up."""
    statuses: list[int] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await house.app(
        {
            "type": "http",
            "method": "GET",
            "scheme": "http",
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode()), (b"host", b"x")],
            "client": ("127.0.0.1", 1),
            "server": ("x", 80),
        },
        receive,
        send,
    )
    return statuses[0]


async def test_letters_that_are_no_ascii_are_refused(house: House):
    visitor = await house.newcomer()
    assert await raw_get(house, b"/v1/beds/\xe4", visitor.token) == 400


async def test_many_at_once(house: House):
    visitor = await house.newcomer()
    answers = await asyncio.gather(*(visitor.client.get(f"/v1/beds/{number}") for number in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({asked.token for asked in house.services.asked}) == 1
