"""What the hospital publishes, for people to watch: a line per event, straight from Kafka."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

_TOPICS = re.compile(r"hospital\.\w+\.\w+\.events\.v1")


async def follow(bootstrap: str) -> AsyncIterator[str]:
    """Events from now on, without end."""
    async with _consumer(bootstrap) as (consumer, partitions):
        await consumer.seek_to_end(*partitions)
        async for record in consumer:
            yield _line(record)


async def latest(bootstrap: str, number: int) -> list[str]:
    """The last events of all topics, oldest first."""
    async with _consumer(bootstrap) as (consumer, partitions):
        begin = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        behind = {one for one in partitions if ends[one] > begin[one]}
        for one in behind:
            consumer.seek(one, max(begin[one], ends[one] - number))
        records: list[Any] = []
        while behind:
            for found in (await consumer.getmany(*behind, timeout_ms=1000)).values():
                records += found
            behind = {one for one in behind if await consumer.position(one) < ends[one]}
    return [_line(record) for record in sorted(records, key=lambda record: record.timestamp)[-number:]]


@asynccontextmanager
async def _consumer(bootstrap: str) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    """Reads every partition of every event topic and leaves no trace of it in Kafka."""
    partitions = await _partitions(bootstrap)
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False) as consumer:
        consumer.assign(partitions)
        yield consumer, partitions


async def _partitions(bootstrap: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        topics = [name for name in await admin.list_topics() if _TOPICS.fullmatch(name)]
        return [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in await admin.describe_topics(topics)
            for partition in topic["partitions"]
        ]
    finally:
        await admin.close()


def _line(record: "ConsumerRecord[Any, Any]") -> str:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    at = datetime.fromtimestamp(record.timestamp / 1000).astimezone()
    kind, subject, actor = (headers.get(f"ce_{name}", "?") for name in ("type", "subject", "actor"))
    return f"{at:%H:%M:%S}  {kind:<46} {subject}  by {actor}"
