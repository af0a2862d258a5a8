"""What every answer has in common."""

import pytest

from tests.gateway.conftest import OpenHouse
from tests.gateway.house import House, Services


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nowhere", 404, "not_found"),
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/docs/assets/nowhere.js", 404, "not_found"),
        ("PUT", "/v1/users", 405, "method_not_allowed"),
        ("DELETE", "/v1/me", 405, "method_not_allowed"),
        ("POST", "/v1/sessions", 415, "unsupported_media_type"),
        ("POST", "/v1/admissions", 415, "unsupported_media_type"),
    ],
)
async def test_errors_are_problem_documents(house: House, method: str, path: str, status: int, code: str):
    answer = await house.client().request(method, path, content="x=1" if status == 415 else None)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"username": NaN}', b'{"username": "\\ud800"}'])
async def test_bodies_that_cannot_be_read(house: House, body: bytes):
    headers = {"content-type": "application/json"}
    answer = await house.client().post("/v1/users", content=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/me", "/v1/beds", "/v1/openapi.json", "/nowhere"])
async def test_browsers_are_told_to_be_careful(house: House, path: str):
    answer = await house.client(base_url="https://wardline.test").get(path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "max-age" in answer.headers["strict-transport-security"]
    assert answer.headers.get("cache-control") == ("no-store" if path.startswith("/v1") else None)


async def test_other_origins_are_let_in_by_name_and_without_cookies(
    opening: OpenHouse, shared_database: str, services: Services
):
    async with opening(shared_database, services, CORS_ORIGINS="https://board.test, https://x.test") as house:
        asks = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
        for path in ("/v1/admissions", "/v1/users"):
            here = await house.client().options(path, headers={"origin": "https://board.test"} | asks)
            assert (here.status_code, here.headers["access-control-allow-origin"]) == (
                200,
                "https://board.test",
            )
            assert "access-control-allow-credentials" not in here.headers
            there = await house.client().options(path, headers={"origin": "https://evil.test"} | asks)
            assert "access-control-allow-origin" not in there.headers


async def test_no_origin_is_let_in_unless_it_is_named(house: House):
    answer = await house.client().get("/v1/me", headers={"origin": "https://board.test"})
    assert "access-control-allow-origin" not in answer.headers


async def test_the_address_of_a_caller_is_believed_from_named_proxies_only(
    opening: OpenHouse, shared_database: str, services: Services
):
    forwarded = {"x-forwarded-for": "192.0.2.77", "x-forwarded-proto": "https"}
    async with opening(shared_database, services, TRUSTED_PROXIES="10.0.0.1") as house:
        trusted = await house.client("10.0.0.1").get("/v1/me", headers=forwarded)
        other = await house.client("10.0.0.2").get("/v1/me", headers=forwarded)
        assert "strict-transport-security" in trusted.headers
        assert "strict-transport-security" not in other.headers
