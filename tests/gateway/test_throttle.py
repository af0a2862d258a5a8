"""Guessing becomes slow; nobody is locked out by somebody else."""

import asyncio
import time

import pytest

from gateway.identity.domain import SignInRefused
from gateway.identity.throttle import (
    FREE_MISSES,
    FREE_MISSES_OF_ALL,
    LONGEST_FIRST_WAIT_SECONDS,
    Origin,
    SignInThrottle,
)
from gateway.rates import TooManyRequests
from tests.gateway.conftest import OpenHouse
from tests.gateway.house import PASSWORD, House, Services
from tests.support.waiting import eventually


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


async def test_an_account_that_is_guessed_at_from_everywhere_stays_open_to_its_owner(house: House):
    """At once from a known device; from an unknown one after one wait that nobody can make longer."""
    owner = await house.newcomer()
    body = {"username": owner.name, "password": PASSWORD, "cookie": True}
    browser = house.client("192.0.2.50", base_url="https://wardline.test")
    assert (await browser.post("/v1/sessions", json=body)).status_code == 201

    over = asyncio.Event()
    guessed: list[int] = []

    async def guess_from(address: str) -> None:
        while not over.is_set():
            guessed.append(await miss(house, owner.name, address))
            await asyncio.sleep(0.02)  # leaves some of this very process to the others

    addresses = [f"198.51.100.{number}" for number in range(6)]
    attack = [asyncio.create_task(guess_from(address)) for address in addresses]
    try:
        await eventually(lambda: guessed.count(401) > FREE_MISSES_OF_ALL, within=60)
        assert (await browser.post("/v1/sessions", json=body)).status_code == 201
        elsewhere = house.client("203.0.113.7")
        began = time.monotonic()
        answer = await elsewhere.post("/v1/sessions", json=body)
        assert answer.status_code == 429
        pause = int(answer.headers["retry-after"])
        assert 1 <= pause <= LONGEST_FIRST_WAIT_SECONDS
        tries = 1
        while answer.status_code == 429:
            await asyncio.sleep(int(answer.headers["retry-after"]))  # what a client is told to wait
            answer, tries = await elsewhere.post("/v1/sessions", json=body), tries + 1
        assert (answer.status_code, tries) == (201, 2)
        assert time.monotonic() - began >= pause
    finally:
        over.set()
        await asyncio.gather(*attack)


async def test_a_known_device_does_not_wait_behind_a_crowd_of_guesses(house: House):
    owner = await house.newcomer()
    body = {"username": owner.name, "password": PASSWORD, "cookie": True}
    browser = house.client("192.0.2.60", base_url="https://wardline.test")
    assert (await browser.post("/v1/sessions", json=body)).status_code == 201
    crowd = [asyncio.create_task(miss(house, f"nobody{n}", f"198.51.100.{n}")) for n in range(24)]
    await asyncio.sleep(0)
    assert (await browser.post("/v1/sessions", json=body)).status_code == 201
    assert sum(not guess.done() for guess in crowd) > 10
    assert set(await asyncio.gather(*crowd)) == {401}


async def test_a_password_change_waits_for_nobody_elses_misses(house: House):
    """Not even for misses under the user's id as a name, from the same address."""
    owner = await house.newcomer()
    assert [await miss(house, owner.id, "127.0.0.1") for _ in range(FREE_MISSES + 1)][-1] == 429
    change = {"current_password": PASSWORD, "new_password": "another good password"}
    assert (await owner.client.put("/v1/me/password", json=change)).status_code == 200


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
