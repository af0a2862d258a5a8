"""What a process tells Prometheus: each number moves when what it counts does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from common.clock import utc_now
from common.embedded import Kafka
from common.idempotency import UNCONDITIONAL
from tests.common.records import a_record, send
from tests.common.test_process import Service, a_service
from tests.common.toy import Toy, a_counter, a_fact, add_counter, raised
from tests.support.scraping import scraped
from tests.support.waiting import eventually

NOWHERE = "127.0.0.1:9"
REQUESTS = "http_server_request_duration_seconds"


@pytest.fixture
async def service(told: Toy, kafka: Kafka) -> AsyncIterator[Service]:
    async with a_service(told, kafka.bootstrap) as service:
        await eventually(service.is_ready)
        yield service


@pytest.fixture
async def cut_off(fresh: Toy) -> AsyncIterator[Service]:
    """A service whose Kafka is away."""
    async with a_service(fresh, NOWHERE, consumes=False) as service:
        yield service


async def test_names_and_labels_are_those_of_prometheus_and_of_closed_sets(service: Service):
    await service.client.post("/counters", json={"name": "one"})
    await service.client.request("BREW", f"/no/such/path/{uuid4()}")

    assert list((await scraped(service.client)).unconventional()) == []


async def test_requests_are_counted_by_route_and_outcome_with_their_duration(cut_off: Service):
    for body in ({"name": "one"}, {"name": "two"}, {}):
        await cut_off.client.post("/counters", json=body, headers={"host": "somebody.example"})
    for _ in range(3):
        await cut_off.client.get(f"/counters/{uuid4()}")

    now = await scraped(cut_off.client)

    route = {"http_request_method": "POST", "http_route": "/counters"}
    assert now.value(f"{REQUESTS}_count", **route, http_response_status_code="201") == 2
    assert now.value(f"{REQUESTS}_count", **route, http_response_status_code="422") == 1
    assert now.value(f"{REQUESTS}_count", http_route="unmatched", http_response_status_code="404") == 3
    assert 0 < now.value(f"{REQUESTS}_sum", **route, http_response_status_code="201") < 60


async def test_without_kafka_the_outbox_grows_in_number_and_in_age(cut_off: Service):
    async def age() -> float:
        return (await scraped(cut_off.client)).value("wardline_outbox_age_seconds")

    assert await age() == 0
    await cut_off.client.post("/counters", json={"name": "one"})
    first = await age()
    await eventually(lambda: _later(age, first))

    now = await scraped(cut_off.client)
    assert now.value("wardline_outbox_depth_events") == 1
    assert now.value("wardline_relay_active") == 0
    assert now.all("wardline_kafka_reachable") == []
    assert now.value("wardline_health_state", state="degraded") == 1


async def test_a_state_that_is_repeated_has_no_age(cut_off: Service, fresh: Toy):
    """It carries the time of that state, and would make every service look late whenever states are repeated."""
    async with fresh.database.write() as act:
        act.publish(replace(a_fact(fresh, uuid4()), at=utc_now() - timedelta(days=3), repeated=True))

    now = await scraped(cut_off.client)
    assert now.value("wardline_outbox_depth_events") == 1
    assert now.value("wardline_outbox_age_seconds") == 0


async def test_a_database_that_does_not_answer_holds_up_no_probe(cut_off: Service, fresh: Toy):
    connection = await asyncpg.connect(fresh.admin_url)
    try:
        await connection.execute("BEGIN; LOCK TABLE outbox")
        asked = [cut_off.client.get(f"/health/{probe}") for probe in ("ready", "details")]
        for answer in await asyncio.wait_for(asyncio.gather(*asked), 15):
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    finally:
        await connection.close()


async def _later(age, than: float) -> bool:
    return bool(await age() > than > 0)


async def test_one_relay_is_active(service: Service):
    async def active() -> bool:
        return (await scraped(service.client)).value("wardline_relay_active") == 1

    await eventually(active)
    assert (await scraped(service.client)).value("wardline_kafka_reachable") == 1


async def test_a_consumer_that_is_held_up_lags_and_catches_up(service: Service, told: Toy):
    async def lag() -> float:
        now = await scraped(service.client)
        return now.value("wardline_consumer_lag_records", topic=told.topic.events)

    assert await lag() == 0
    counter = await a_counter(told)
    blocker = await asyncpg.connect(told.admin_url)
    async with blocker.transaction():
        await blocker.execute("SELECT 1 FROM consumer_position FOR UPDATE")
        for _ in range(4):
            await raised(told, counter)
        await eventually(lag)
    await blocker.close()

    await eventually(lambda: _is(lag, 0))


async def _is(read, value: float) -> bool:
    return bool(await read() == value)


async def test_what_cannot_be_applied_is_a_dead_letter(service: Service, told: Toy, kafka: Kafka):
    async def dead_letters() -> float:
        return (await scraped(service.client)).value("wardline_dead_letters")

    assert await dead_letters() == 0
    send(kafka.bootstrap, a_record(told, value=b"no JSON"))
    await eventually(lambda: _is(dead_letters, 1))


async def test_without_its_database_a_process_still_tells_how_it_is(cut_off: Service, fresh: Toy):
    before = await scraped(cut_off.client)
    assert before.value("wardline_health_state", state="unavailable") == 0

    await cut_off.process.database.pool.close()

    now = await scraped(cut_off.client)
    assert now.value("wardline_health_state", state="unavailable") == 1
    assert now.value("process_resident_memory_bytes") > 0
    assert now.all("wardline_outbox_depth_events") == []


async def test_each_part_of_a_process_is_measured_once(cut_off: Service, fresh: Toy):
    """What `/health/details` says and what `/metrics` says is one reading."""
    await add_counter(fresh.database, UNCONDITIONAL, "one", service=fresh.service)

    details = (await cut_off.client.get("/health/details")).json()
    now = await scraped(cut_off.client)

    assert details["outbox"]["waiting"] == now.value("wardline_outbox_depth_events") == 1
    assert now.value("wardline_build_info", service=fresh.service, version=details["version"]) == 1
