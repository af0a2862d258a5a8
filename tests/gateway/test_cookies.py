"""Browsers: the token in a cookie that scripts cannot read and other sites cannot use."""

import pytest
from httpx2 import AsyncClient, Response

from tests.gateway.house import PASSWORD, House


async def signed_in(client: AsyncClient, name: str) -> Response:
    answer = await client.post("/v1/sessions", json={"username": name, "password": PASSWORD, "cookie": True})
    assert answer.status_code == 201
    assert answer.json()["token"] is None
    return answer


async def test_over_tls_only_the_host_cookie(house: House):
    visitor = await house.newcomer()
    browser = house.client(base_url="https://wardline.test")
    session, device = (await signed_in(browser, visitor.name)).headers.get_list("set-cookie")
    for cookie in (session, device):
        assert cookie.startswith("__Host-wardline")
        assert all(word in cookie for word in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"))
        assert "Domain" not in cookie
    assert (await browser.get("/v1/me")).json()["user"]["id"] == visitor.id


async def test_the_development_cookie_is_for_loopback_only(house: House):
    visitor = await house.newcomer()
    here = house.client(base_url="http://127.0.0.1:8080")
    session, _ = (await signed_in(here, visitor.name)).headers.get_list("set-cookie")
    assert session.startswith("wardline_dev=")
    assert "Secure" not in session
    assert (await here.get("/v1/me")).status_code == 200
    cookie = {"cookie": session.partition(";")[0]}
    elsewhere = house.client("192.0.2.7", base_url="http://127.0.0.1:8080")
    assert (await elsewhere.get("/v1/me", headers=cookie)).status_code == 401
    assert (await house.client().get("/v1/me", headers=cookie)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "https://wardline.test"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin"}, 204),
        ({"origin": "https://wardline.test"}, 204),
    ],
)
async def test_commands_by_cookie_must_come_from_our_own_pages(
    house: House, headers: dict[str, str], status: int
):
    visitor = await house.newcomer()
    browser = house.client(base_url="https://wardline.test")
    opened = await signed_in(browser, visitor.name)
    answer = await browser.delete("/v1/sessions/current", headers=headers)
    assert answer.status_code == status
    assert (await browser.get("/v1/me")).status_code == (200 if status == 403 else 401)
    told = {look["session_id"] for look in await house.looks("refused") if look["act"] == "cross_site"}
    assert (opened.json()["session_id"] in told) == (status == 403)


async def test_commands_through_the_gateway_are_guarded_as_well(house: House):
    visitor = await house.newcomer()
    browser = house.client(base_url="https://wardline.test")
    await signed_in(browser, visitor.name)
    answer = await browser.post("/v1/beds", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert house.services.asked == []
    assert (await house.looks("refused"))[-1]["act"] == "cross_site"
