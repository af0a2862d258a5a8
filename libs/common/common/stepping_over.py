"""Past a record that the Kafka client cannot hand over: one whose header key is not UTF-8."""

import asyncio

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from common.applying import Applying

_STOP_SECONDS = 5.0


async def step_over(bootstrap: str, applying: Applying, partition: TopicPartition, start: int) -> None:
    """Applies what lies before the record that blocks the partition and buries that one."""
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await reader.start()
    try:
        reader.assign([partition])
        reader.seek(partition, start)
        while True:
            try:
                records = (await reader.getmany(timeout_ms=1000, max_records=1)).get(partition)
            except UnicodeDecodeError:
                # only its place can be had, not even its time
                unreadable = ConsumerRecord(
                    *partition, start, None, None, None, None, None, -1, -1, headers=()
                )
                await applying.bury(partition, unreadable, start, "a header key is not UTF-8")
                return
            if not records:
                return
            start = await applying.apply(partition, records, start)
    finally:
        await asyncio.wait([asyncio.ensure_future(reader.stop())], timeout=_STOP_SECONDS)
