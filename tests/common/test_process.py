"""A whole service in one process, as its main room puts it together."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
from fastapi import APIRouter, Depends, FastAPI
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from common import process as processes, waiting
from common.applying import Effects, Reaction
from common.auth import Grant, Minter
from common.embedded import Kafka
from common.idempotency import UNCONDITIONAL
from common.policies import Policies, Scope
from common.process import Blueprint, Process, Running, service_app
from common.settings import ServiceSettings
from common.waiting import settled
from common.web import Calling, Demanding, Line, Payload
from tests.common.test_auth import CALLER, PRIVATE, PUBLIC
from tests.common.toy import (
    HEARD,
    KEYSET,
    REFUSALS,
    Counter,
    Toy,
    add_counter,
    counter_of,
    hear,
    raise_counter,
    read_counter,
    topic_of,
)
from tests.support.reading import everything_in
from tests.support.waiting import eventually

JSON = {"content-type": "application/json"}
POLICIES = Policies({"count": {"nurse": Scope.ANY}})


class ToySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TOY_")


class NewCounter(Payload):
    name: Line


def a_blueprint(service: str, *, consumes: bool) -> Blueprint:
    async def may_count(caller: Calling) -> None:
        POLICIES.allow(caller, "count")

    router = APIRouter(prefix="/counters", dependencies=[Depends(may_count)])

    @router.post("", status_code=201)
    async def create(process: Running, demand: Demanding, body: NewCounter) -> dict[str, UUID]:
        outcome = await add_counter(process.database, demand, body.name, service=service)
        return {"id": outcome.resource}

    def effects(_: Process) -> Effects:
        return {topic_of(service).events: Reaction(read_counter, hear)}

    return Blueprint(
        service,
        [router],
        REFUSALS,
        publishes=[topic_of(service)],
        consumes=[topic_of(service)] if consumes else [],
        effects=effects if consumes else None,
    )


def settings_of(toy: Toy, bootstrap: str) -> ServiceSettings:
    return ToySettings.model_validate(
        {
            "port": 1,
            "database_url": SecretStr(toy.url),
            "master_keyset": SecretStr(KEYSET),
            "index_key": b"k" * 32,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "KAFKA_PARTITIONS": 3,
            "KAFKA_REPLICATION": 1,
            "WARDLINE_TOKEN_PUBLIC_KEY": PUBLIC,
        }
    )


class Service:
    def __init__(self, app: FastAPI, client: httpx2.AsyncClient) -> None:
        self.app, self.client = app, client

    @property
    def process(self) -> Process:
        process: Process = self.app.state.process
        return process

    async def is_ready(self) -> bool:
        return (await self.client.get("/health/ready")).status_code == 200


@asynccontextmanager
async def a_service(
    toy: Toy, bootstrap: str, *, consumes: bool = True, role: str = "nurse"
) -> AsyncIterator[Service]:
    app = service_app(a_blueprint(toy.service, consumes=consumes), settings_of(toy, bootstrap))
    token = Minter(PRIVATE).mint(type(CALLER)(uuid4(), uuid4(), (Grant(role),)), toy.service, "request")
    headers = {"authorization": f"Bearer {token}"}
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://toy", headers=headers) as client:
            yield Service(app, client)


async def test_a_command_becomes_an_event_and_the_event_an_effect(fresh: Toy, kafka: Kafka):
    async with a_service(fresh, kafka.bootstrap) as service:
        await eventually(service.is_ready)
        answer = await service.client.post(
            "/counters", json={"name": "one"}, headers={"x-request-id": "request-12345"}
        )
        assert answer.status_code == 201

        async def heard() -> list[Any]:
            return await fresh.database.read.all(HEARD)

        (effect,) = await eventually(heard)
        assert effect["counter_id"] == UUID(answer.json()["id"])
        (record,) = await everything_in(kafka.bootstrap, fresh.topic.events)
        headers: Any = record.headers()
        assert dict(headers)["ce_correlationid"] == b"request-12345"


async def test_operators_are_told_how_it_is(fresh: Toy, kafka: Kafka):
    async with a_service(fresh, kafka.bootstrap) as service:
        assert (await service.client.get("/health/live")).json() == {"state": "ok"}
        await eventually(service.is_ready)

        details = (await service.client.get("/health/details")).json()

        assert details["service"] == fresh.service
        assert details["outbox"]["waiting"] == 0
        assert (details["dead_letters"], details["consumer_lag"]) == (0, {fresh.topic.events: 0})
        assert (await service.client.get("/health/startup")).status_code == 200


async def test_a_service_is_not_ready_before_its_copies_have_caught_up(fresh: Toy):
    async with a_service(fresh, "127.0.0.1:9") as service:
        for path in ("ready", "startup"):
            answer = await service.client.get(f"/health/{path}")
            assert (answer.status_code, answer.json()["code"]) == (503, "starting")


async def test_without_kafka_a_service_takes_commands_and_stops_in_time(fresh: Toy, monkeypatch):
    monkeypatch.setattr(processes, "STOP_SECONDS", 1.0)
    async with a_service(fresh, "127.0.0.1:9", consumes=False) as service:
        await eventually(service.is_ready)
        assert (await service.client.post("/counters", json={"name": "one"})).status_code == 201
        stopping = time.monotonic()

    assert time.monotonic() - stopping < 3


async def test_a_refusal_is_an_access_event_before_it_is_answered(fresh: Toy):
    async with a_service(fresh, "127.0.0.1:9", consumes=False, role="visitor") as service:
        answer = await service.client.post("/counters", json={"name": "one"})

        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        row: Any = await fresh.database.pool.fetchrow("SELECT type, actor, value FROM outbox")
        assert row["type"] == f"hospital.{fresh.service}.access.refused.v1"
        assert row["actor"].startswith("user/")
        assert orjson.loads(row["value"])["act"] == "count"


async def test_a_body_of_more_than_a_megabyte_is_refused(fresh: Toy):
    async with a_service(fresh, "127.0.0.1:9", consumes=False) as service:
        body = b'{"name": "%s"}' % (b"a" * processes.MAX_BODY_BYTES)

        async def piecemeal() -> AsyncIterator[bytes]:
            yield body[:100]
            yield body[100:]

        for content in (body, piecemeal()):
            answer = await service.client.post("/counters", content=content, headers=JSON)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
            assert answer.headers["x-request-id"] == answer.json()["request_id"]


async def test_whoever_waits_in_this_process_is_woken_by_a_commit_in_it(fresh: Toy, monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", 60.0)
    async with a_service(fresh, "127.0.0.1:9", consumes=False) as service:
        database = service.process.database
        answer = await service.client.post("/counters", json={"name": "one"})
        counter_id = UUID(answer.json()["id"])
        with service.process.waiters.registered(counter_id) as event:

            async def read() -> Counter:
                return await counter_of(fresh, counter_id)

            waiter = asyncio.create_task(settled(event, read, lambda found: found.version == 2, 30))
            await asyncio.sleep(0.05)
            await raise_counter(database, UNCONDITIONAL, counter_id, service=fresh.service)
            assert (await asyncio.wait_for(waiter, 5)).version == 2
