"""Reading topics with a second client, which shares no code with ours."""

import asyncio
import re
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition


def _read(bootstrap: str, chosen: re.Pattern[str]) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reading", "enable.auto.commit": False})
    try:
        ends = {
            (topic, partition): consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)[
                1
            ]
            for topic, found in consumer.list_topics(timeout=10).topics.items()
            if chosen.fullmatch(topic)
            for partition in found.partitions
        }
        consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place, end in ends.items() if end])
        records: list[Message] = []
        while len(records) < sum(ends.values()):
            record = consumer.poll(10)
            if record is None or record.error():
                raise AssertionError(f"{chosen.pattern} ended early: {record and record.error()}")
            records.append(record)
        return records
    finally:
        consumer.close()


async def everything_in(bootstrap: str, topic: str) -> list[Message]:
    """All records of a topic that nothing was deleted from, in the order of each partition."""
    return await everything_of(bootstrap, re.escape(topic))


async def everything_of(bootstrap: str, topics: str) -> list[Message]:
    """All records of the topics whose names match, in the order of each partition."""
    return await asyncio.to_thread(_read, bootstrap, re.compile(topics))


def header(record: Message, name: str) -> str:
    """The one header of this name."""
    headers: Any = record.headers()
    (content,) = [content for key, content in headers if key == name]
    text: str = content.decode()
    return text
