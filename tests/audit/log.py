"""A log of a test's own, and the records that go into it."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from audit.ingest import Ingester
from common.clock import rfc3339, utc_now
from common.db import database
from common.envelope import Headers
from common.ids import new_id
from tests.support.waiting import eventually

_numbers = itertools.count(1)
Sent = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]


@dataclass(frozen=True)
class Log:
    """`admin` may do everything in its database; the ingester is `audit_writer`."""

    url: str
    bootstrap: str
    admin: "asyncpg.Pool[Any]"

    async def size(self) -> int:
        size: int = await self.admin.fetchval("SELECT size FROM log_size")
        return size

    async def reaches(self, size: int, *, within: float = 15) -> None:
        async def reached() -> bool:
            return await self.size() >= size

        await eventually(reached, within=within)
        assert await self.size() == size

    async def entries(self) -> list[asyncpg.Record]:
        return await self.rows("entry")

    async def rows(self, table: str) -> list[asyncpg.Record]:
        return await self.admin.fetch(f"SELECT * FROM {table} ORDER BY 1")

    async def kinds(self) -> list[str | None]:
        return [entry["kind"] for entry in await self.entries()]

    @asynccontextmanager
    async def ingesting(self) -> AsyncIterator[Ingester]:
        async with database(self.url, refusals={}) as opened:
            ingester = Ingester(opened, self.url, self.bootstrap)
            async with ingester.running():
                yield ingester


@dataclass(frozen=True)
class Ward:
    """A topic of a test's own on the broker of the log's tests."""

    bootstrap: str
    topic: str
    producer: AIOKafkaProducer

    async def send(self, *records: Sent, partition: int | None = None) -> None:
        for key, value, headers in records:
            told = self.own(headers)
            await self.producer.send(self.topic, value, key, partition=partition, headers=told)
        await self.producer.flush()

    def own(self, headers: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        """A bed's events as those of this topic, whose aggregate has a name of its own."""
        beds, ours = b"hospital.beds.bed.", self.topic.removesuffix("events.v1").encode()
        return [
            (name, content.replace(beds, ours) if name == "ce_type" else content) for name, content in headers
        ]

    async def create(self, partitions: int = 1) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:

            async def created() -> bool:  # a topic of this name may still be on its way out
                answer = await admin.create_topics([NewTopic(self.topic, partitions, 1)])
                return bool(answer.topic_errors[0][1] == 0)

            await eventually(created)
        finally:
            await admin.close()

    async def delete_records(self, *, before: int) -> None:
        """What retention does: the first records go."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        await admin.delete_records({TopicPartition(self.topic, 0): RecordsToDelete(before_offset=before)})
        await admin.close()

    async def delete(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        await admin.delete_topics([self.topic])
        await admin.close()


def a_topic_name() -> str:
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(next(_numbers)))
    return f"hospital.beds.bed_{letters}.events.v1"


def an_event(
    n: int = 1,
    *,
    key: str | None = None,
    event_id: str | None = None,
    subject: str | None = None,
    kind: str = "hospital.beds.bed.occupied.v1",
    source: str = "/hospital/beds",
    actor: str = "service/beds",
    correlation_id: str | None = None,
    streamseq: str | None = None,
    **payload: Any,
) -> Sent:
    key = key or (subject.rpartition("/")[2] if subject else str(uuid4()))
    event_id = event_id or str(new_id())
    headers = Headers(
        id=event_id,
        source=source,
        type=kind,
        subject=subject or f"bed/{key}",
        time=rfc3339(utc_now()),
        partitionkey=key,
        sequence=n,
        streamseq=streamseq or f"1.{n}",
        correlationid=correlation_id or event_id,
        causationid=None,
        actor=actor,
        traceparent=None,
    )
    return key.encode(), orjson.dumps({"state": "occupied", "version": n, **payload}), headers.encode()


class _NotText(str):
    """A header name as a careless client writes it."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return b"\xff\xfe"


async def send_with_broken_header_key(ward: Ward, count: int = 1) -> None:
    """Needs the client's builder in Python: the compiled one insists on text."""
    batch = ward.producer.create_batch()
    batch._builder = _DefaultRecordBatchBuilderPy(2, 0, False, -1, -1, 0, 1 << 16)
    for _ in range(count):
        batch.append(key=b"k", value=b"{}", timestamp=None, headers=[(_NotText("x"), b"v")])
    await (await ward.producer.send_batch(batch, ward.topic, partition=0))
