"""PostgreSQL is away: clear refusals meanwhile, and every service recovers by itself."""

import asyncio

from beds.events import BED
from tests.outages.house import House
from tests.outages.telling import beds_as_worked, told_once_in_order
from tests.outages.working import working


async def test_nothing_acknowledged_is_lost_and_everything_recovers(house: House):
    hospital = house.hospital
    async with working(house) as work:
        await work.goes_on(3)
        await house.stop("postgres")
        for path in ("/v1/beds", "/v1/admissions", "/v1/audit/entries", "/v1/me"):
            answer = await hospital.admin.ask("GET", path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"]
        lives = await asyncio.gather(*(house.health(name, "live") for name in house.all_replicas))
        assert [status for status, _ in lives] == [200] * len(lives)
        readies = await asyncio.gather(*(house.health(name) for name in house.all_replicas))
        assert [(status, said["code"]) for status, said in readies] == [(503, "unavailable")] * len(readies)
        await house.start("postgres")
        await house.are_all("ok", *house.all_replicas)
        await work.goes_on(3)

    assert set(work.refused) <= {"unavailable", "outcome_unknown"}
    await told_once_in_order(house, BED, await beds_as_worked(house, work.done))
    for program in ("beds", "admissions", "audit", "gateway"):
        assert await house.active(program)
