"""Reading topics with a second client, which shares no code with ours."""

import asyncio
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition


def _read(bootstrap: str, topic: str) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reading", "enable.auto.commit": False})
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        ends = {
            p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in partitions
        }
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in ends if ends[p]])
        records: list[Message] = []
        while len(records) < sum(ends.values()):
            record = consumer.poll(10)
            if record is None or record.error():
                raise AssertionError(f"{topic} ended early: {record and record.error()}")
            records.append(record)
        return records
    finally:
        consumer.close()


async def everything_in(bootstrap: str, topic: str) -> list[Message]:
    """All records of a topic that nothing was deleted from, in the order of each partition."""
    return await asyncio.to_thread(_read, bootstrap, topic)


def header(record: Message, name: str) -> str:
    """The one header of this name."""
    headers: Any = record.headers()
    (content,) = [content for key, content in headers if key == name]
    text: str = content.decode()
    return text
