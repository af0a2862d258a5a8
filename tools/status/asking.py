"""Asking the parts how they are, all at the same time. One that does not answer in a moment is down."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from sqlalchemy import make_url

from common import dead_letters
from common.db import TROUBLE, Reader
from common.outbox import UNPUBLISHED
from tools.status.addresses import Addresses
from tools.status.parts import Outbox, Part, State, judged, remarks_on

ANSWER_SECONDS = 5.0
_AWAY = (
    *TROUBLE,
    aiohttp.ClientError,
    KafkaError,
)
_POSITIONS = "SELECT topic, partition, next_offset FROM consumer_position"


async def ask(addresses: Addresses) -> Sequence[Part]:
    """Every part, PostgreSQL and Kafka first where their addresses are known."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells at length what the answer says
    asked = [_postgres(url) for url in {_server(url): url for url in addresses.databases.values()}.values()]
    if addresses.kafka:
        asked.append(_kafka(addresses.kafka))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)) as session:
        processes = [_process(session, name, url, addresses) for name, url in addresses.processes]
        return judged(await asyncio.gather(*asked, *processes))


def _server(url: str) -> tuple[str | None, int | None]:
    parts = make_url(url)
    return parts.host, parts.port


async def _postgres(url: str) -> Part:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            connection = await asyncpg.connect(url)
            try:
                began = await connection.fetchval("SELECT pg_postmaster_start_time()")
                version = await connection.fetchval("SHOW server_version")
            finally:
                connection.terminate()
    except _AWAY:
        return Part("postgres", State.DOWN)
    return Part("postgres", State.OK, version, _age(began))


async def _kafka(bootstrap: str) -> Part:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(ANSWER_SECONDS * 1000))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await admin.start()
            cluster = await admin.describe_cluster()
    except _AWAY:
        return Part("kafka", State.DOWN)
    finally:
        await asyncio.wait([asyncio.ensure_future(admin.close())], timeout=1)
    return Part("kafka", State.OK, remarks=[], details={"brokers": len(cluster["brokers"])})


async def _process(session: aiohttp.ClientSession, name: str, url: str, addresses: Addresses) -> Part:
    try:
        async with session.get(f"{url}/health/details") as answer:
            details = await answer.json()
            if answer.status != 200:
                return Part(name, State.DOWN, remarks=[details["code"]])
    except (*_AWAY, ValueError):
        return await _from_its_database(name, addresses)
    remarks = list(remarks_on(details))
    lags = [
        lag
        for each in ("consumer_lag", "log_lag")
        if each in details
        for lag in (details[each] or {}).values()
    ]
    return Part(
        name,
        State.DEGRADED if remarks else State.OK,
        version=details["version"],
        age_s=_age(datetime.fromisoformat(details["since"])),
        outbox=Outbox(**details["outbox"]),
        lag=sum(lags),
        dead_letters=details["dead_letters"],
        relay_active=bool(details["relay_active"]),
        remarks=remarks,
        details=details,
    )


async def _from_its_database(name: str, addresses: Addresses) -> Part:
    """What stays behind when a process is away grows on: how much it is, its database and Kafka know."""
    part = Part(name, State.DOWN)
    if name not in addresses.databases:
        return part
    try:
        async with asyncio.timeout(2 * ANSWER_SECONDS):
            connection = await asyncpg.connect(addresses.databases[name])
            try:
                reader = Reader(connection)
                outbox = await reader.first(UNPUBLISHED)
                letters = await reader.value(dead_letters.COUNT)
                positions = await connection.fetch(_POSITIONS)
            finally:
                connection.terminate()
            assert outbox is not None
            part = replace(
                part, outbox=Outbox(outbox["waiting"], round(outbox["age_s"], 1)), dead_letters=letters
            )
            if addresses.kafka:
                part = replace(part, lag=await _behind(addresses.kafka, positions))
    except _AWAY:
        pass
    return part


async def _behind(bootstrap: str, positions: Sequence[Any]) -> int:
    """Records between these positions and the ends of their partitions."""
    at = {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in positions}
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False) as consumer:
        begins, ends = await consumer.beginning_offsets(list(at)), await consumer.end_offsets(list(at))
    return sum(max(0, ends[one] - max(at[one], begins[one])) for one in at)


def _age(since: datetime) -> float:
    return round((datetime.now(UTC) - since).total_seconds(), 1)
