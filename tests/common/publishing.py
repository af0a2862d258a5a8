"""Publishing what a toy has written, and looking at what lies in its topics."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from confluent_kafka import Message

from common.embedded import Kafka
from common.outbox import UNPUBLISHED
from common.relay import Relay
from tests.common.toy import Toy
from tests.support.reading import header
from tests.support.waiting import eventually


@asynccontextmanager
async def a_relay(toy: Toy, kafka: Kafka) -> AsyncIterator[Relay]:
    """Runs in this process and ends after its batch."""
    relay = Relay(toy.service, toy.url, kafka.bootstrap)
    running = asyncio.create_task(relay.run())
    try:
        yield relay
        relay.finish()
        await asyncio.wait_for(running, 10)
    finally:
        running.cancel()
        await asyncio.wait([running])


async def waiting(toy: Toy) -> int:
    row = await toy.database.read.first(UNPUBLISHED)
    assert row is not None
    return int(row["waiting"])


async def all_published(toy: Toy, *, within: float = 15.0) -> None:
    async def none_waits() -> bool:
        return await waiting(toy) == 0

    await eventually(none_waits, within=within)


async def publish_all(toy: Toy, kafka: Kafka) -> None:
    async with a_relay(toy, kafka):
        await all_published(toy)


def by_key(records: list[Message]) -> dict[UUID, list[int]]:
    """The versions of each aggregate in the order in which they lie."""
    versions: dict[UUID, list[int]] = defaultdict(list)
    for record in records:
        key = record.key()
        assert isinstance(key, bytes)
        versions[UUID(key.decode())].append(int(header(record, "ce_sequence")))
    return dict(versions)
