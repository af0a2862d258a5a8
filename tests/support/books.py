"""The books of a hospital, read from outside once all is quiet: tables, outboxes, topics and the log."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from tests.support.waiting import eventually
from tools.stack.stack import Stack

_READ_SECONDS = 60.0
DATABASES = ("beds", "admissions", "audit", "gateway")

#: The table of each aggregate that is published, and the column of its Kafka key.
TABLES: Mapping[str, tuple[str, str, str]] = {
    "hospital.beds.department": ("beds", "department", "id"),
    "hospital.beds.room": ("beds", "room", "id"),
    "hospital.beds.bed": ("beds", "bed", "id"),
    "hospital.beds.placement": ("beds", "placement", "admission_id"),
    "hospital.beds.transfer": ("beds", "transfer", "id"),
    "hospital.beds.reservation": ("beds", "reservation", "id"),
    "hospital.beds.cleaning_job": ("beds", "cleaning_job", "id"),
    "hospital.admissions.patient": ("admissions", "patient", "id"),
    "hospital.admissions.admission": ("admissions", "admission", "id"),
    "hospital.gateway.user": ("gateway", "app_user", "id"),
}
_OTHERS = {
    "beds": ("occupancy", "offer", "movement", "bed_step"),
    "admissions": ("heard_placement", "admission_change", "subject_key"),
    "audit": ("duplicate", "gap", "reread", "log_size"),
    "gateway": ("note_key",),
}
_EVERY = ("idempotency", "dead_letter", "outbox_stream")

Row = Mapping[str, Any]
Place = tuple[str, int]


@dataclass(frozen=True)
class Books:
    """Everything that is written down, at one moment at which nothing is under way."""

    tables: dict[str, dict[str, list[Row]]]
    """By database and table."""
    outboxes: dict[str, list[Row]]
    """In the order of recording."""
    records: dict[str, list[Message]]
    """By topic, in the order of each partition."""
    ends: dict[Place, int]
    log: list[Row]
    """The entries of audit in the order of the leaves."""


async def close_books(stack: Stack, *, within: float = 60.0) -> Books:
    """Waits until all is published, heard and entered, and reads everything."""
    async with _databases(stack) as databases:

        async def read() -> Books | None:
            """None where something happened meanwhile: the clock ends holds at any time."""
            before = await _acts(databases)
            if not await _quiet(stack, databases):
                return None
            books = await _read(stack, databases)
            return books if before == await _acts(databases) else None

        books: Books = await eventually(read, within=within, every=0.2)
    return books


async def _read(stack: Stack, databases: Mapping[str, Any]) -> Books:
    tables = {name: await _tables(databases[name], name) for name in DATABASES}
    outboxes = {name: await _all(databases[name], "outbox", "position") for name in DATABASES}
    log = await _all(databases["audit"], "entry", "position")
    records, ends = await asyncio.to_thread(_read_topics, stack.infrastructure.bootstrap)
    return Books(tables, outboxes, records, ends, log)


@asynccontextmanager
async def _databases(stack: Stack) -> AsyncIterator[dict[str, Any]]:
    url = stack.infrastructure.postgres.url
    opened = {name: await asyncpg.connect(url(name)) for name in DATABASES}
    try:
        for connection in opened.values():
            await connection.set_type_codec(
                "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
            )
        yield opened
    finally:
        for connection in opened.values():
            await connection.close()


async def _quiet(stack: Stack, databases: Mapping[str, Any]) -> bool:
    """Nothing waits to be published, and every position is at its end."""
    for connection in databases.values():
        if await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL"):
            return False
    ends = await asyncio.to_thread(_ends, stack.infrastructure.bootstrap)
    for name in DATABASES:
        at = await databases[name].fetch("SELECT topic, partition, next_offset FROM consumer_position")
        if any(row["next_offset"] != ends[row["topic"], row["partition"]] for row in at):
            return False
        if name == "audit" and {place for place in ends if ".events." in place[0]} - {
            tuple(r)[:2] for r in at
        }:
            return False
    return True


async def _acts(databases: Mapping[str, Any]) -> list[int]:
    count = "SELECT count(*) FROM outbox"
    return [await connection.fetchval(count) for connection in databases.values()]


async def _tables(connection: Any, database: str) -> dict[str, list[Row]]:
    published = [table for of, table, _ in TABLES.values() if of == database]
    names = (*published, *_OTHERS.get(database, ()), *_EVERY)
    return {name: await _all(connection, name) for name in names}


async def _all(connection: Any, table: str, order: str = "1") -> list[Row]:
    rows: list[Row] = await connection.fetch(f"SELECT * FROM {table} ORDER BY {order}")
    return rows


def _client(bootstrap: str) -> Consumer:
    return Consumer({"bootstrap.servers": bootstrap, "group.id": "books", "enable.auto.commit": False})


def _places(consumer: Consumer) -> list[Place]:
    topics = consumer.list_topics(timeout=10).topics
    return [
        (name, partition)
        for name, topic in sorted(topics.items())
        if name.startswith("hospital.")
        for partition in topic.partitions
    ]


def _end(consumer: Consumer, place: Place) -> int:
    end: int = consumer.get_watermark_offsets(TopicPartition(*place), timeout=10)[1]
    return end


def _ends(bootstrap: str) -> dict[Place, int]:
    consumer = _client(bootstrap)
    try:
        return {place: _end(consumer, place) for place in _places(consumer)}
    finally:
        consumer.close()


def _read_topics(bootstrap: str) -> tuple[dict[str, list[Message]], dict[Place, int]]:
    consumer = _client(bootstrap)
    try:
        ends = {place: _end(consumer, place) for place in _places(consumer)}
        left = {place for place, end in ends.items() if end}
        consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in left])
        records: dict[str, list[Message]] = defaultdict(list)
        deadline = time.monotonic() + _READ_SECONDS
        while left:
            if time.monotonic() > deadline:
                raise AssertionError(f"these ended early: {left}")
            _take(
                consumer.consume(1000, timeout=0.1), records, ends, left
            )  # waits for all 1,000 or the whole time
        return records, ends
    finally:
        consumer.close()


def _take(
    batch: Sequence[Message], records: dict[str, list[Message]], ends: Mapping[Place, int], left: set[Place]
) -> None:
    for record in batch:
        if record.error():
            raise AssertionError(str(record.error()))
        topic, partition, offset = record.topic(), record.partition(), record.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        records[topic].append(record)
        if offset + 1 >= ends[topic, partition]:
            left.discard((topic, partition))
