"""Guessing becomes slow; nobody is locked out by somebody else."""

import asyncio

import pytest

from gateway.identity.domain import SignInRefused
from gateway.identity.throttle import FREE_MISSES, Origin, SignInThrottle
from gateway.rates import TooManyRequests
from tests.gateway.conftest import OpenHouse
from tests.gateway.house import PASSWORD, House, Services


async def miss(house: House, name: str, address: str) -> int:
    body = {"username": name, "password": "guess guess guess"}
    return (await house.client(address).post("/v1/sessions", json=body)).status_code


async def test_guessing_is_slowed_down_where_it_happens_and_only_there(house: House):
    visitor = await house.newcomer()
    guesses = [await miss(house, visitor.name, "192.0.2.1") for _ in range(FREE_MISSES + 1)]
    assert guesses == [401] * FREE_MISSES + [429]
    body = {"username": visitor.name, "password": PASSWORD}
    slowed = await house.client("192.0.2.1").post("/v1/sessions", json=body)
    assert (slowed.status_code, slowed.json()["code"]) == (429, "too_many_requests")
    assert int(slowed.headers["retry-after"]) >= 1
    assert (await house.client("192.0.2.2").post("/v1/sessions", json=body)).status_code == 201
    assert await miss(house, "somebody-else", "192.0.2.1") == 401


async def test_a_known_device_is_not_slowed_down_by_its_neighbours(house: House):
    visitor = await house.newcomer()
    body = {"username": visitor.name, "password": PASSWORD, "cookie": True}
    browser = house.client("192.0.2.9", base_url="https://wardline.test")
    assert (await browser.post("/v1/sessions", json=body)).status_code == 201
    assert [await miss(house, visitor.name, "192.0.2.9") for _ in range(FREE_MISSES + 1)][-1] == 429
    assert (await browser.post("/v1/sessions", json=body)).status_code == 201


async def test_an_address_that_tries_many_accounts_is_stopped(
    opening: OpenHouse, shared_database: str, services: Services
):
    async with opening(shared_database, services, SIGN_INS_REFUSED_PER_MINUTE="5") as house:
        tries = [await miss(house, f"account{number}", "192.0.2.3") for number in range(7)]
        assert tries == [401] * 5 + [429] * 2
        assert await miss(house, "account1", "192.0.2.4") == 401


async def test_pauses_grow_and_a_hit_ends_them():
    throttle, origin = SignInThrottle(1000), Origin("192.0.2.1")

    async def guess() -> None:
        async with throttle.turn(origin, "ann"):
            raise SignInRefused

    for _ in range(FREE_MISSES):
        with pytest.raises(SignInRefused):
            await guess()
    with pytest.raises(TooManyRequests) as first:
        await guess()
    await asyncio.sleep(1.01)
    with pytest.raises(SignInRefused):
        await guess()
    with pytest.raises(TooManyRequests) as second:
        await guess()
    assert int(second.value.headers["retry-after"]) > int(first.value.headers["retry-after"])
    await asyncio.sleep(2.01)
    async with throttle.turn(origin, "ann"):
        pass
    with pytest.raises(SignInRefused):
        await guess()


async def test_guesses_at_the_same_time_are_counted_one_by_one(house: House):
    visitor = await house.newcomer()
    answers = await asyncio.gather(*(miss(house, visitor.name, "192.0.2.5") for _ in range(20)))
    assert answers.count(401) == FREE_MISSES


async def test_sessions_and_strangers_have_their_rates(
    opening: OpenHouse, shared_database: str, services: Services
):
    limits = {"SESSION_REQUESTS_PER_SECOND": "5", "ADDRESS_REQUESTS_PER_SECOND": "50"}
    async with opening(shared_database, services, **limits) as house:
        busy, calm = await house.newcomer(), await house.newcomer()
        statuses = [(await busy.client.get("/v1/beds")).status_code for _ in range(12)]
        assert 429 in statuses
        limited = await busy.client.get("/v1/beds")
        if limited.status_code == 429:
            assert limited.headers["retry-after"] == "1"
        assert (await calm.client.get("/v1/beds")).status_code == 200
        strangers = [(await house.client().get("/v1/beds")).status_code for _ in range(120)]
        assert set(strangers) == {401, 429}


async def test_sign_ups_have_their_rate(opening: OpenHouse, shared_database: str, services: Services):
    async with opening(shared_database, services, SIGN_UPS_PER_MINUTE="2") as house:
        bodies = [{"username": f"crowd{number}", "password": PASSWORD} for number in range(3)]
        answers = [(await house.client().post("/v1/users", json=body)).status_code for body in bodies]
        assert answers == [201, 201, 429]
