"""From the commit of a change to whoever listens on Kafka, at a steady rate."""

import asyncio
from datetime import UTC, datetime

import aiohttp
from aiokafka import AIOKafkaConsumer

from common.envelope import parse
from tools.bench.hospital import Hospital
from tools.bench.load import Measured

_TOPIC = "hospital.beds.bed.events.v1"
PER_SECOND = 50
SECONDS = 10


async def delivery(hospital: Hospital, session: aiohttp.ClientSession, url: str, bootstrap: str) -> Measured:
    """Times from the act's one time, a little before its commit, to the record in a consumer's hand."""
    _, beds = await hospital.department(PER_SECOND)
    count = PER_SECOND * SECONDS
    consumer = AIOKafkaConsumer(_TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="latest")
    await consumer.start()
    try:
        await consumer.seek_to_end()
        listening = asyncio.create_task(_listen(consumer, count))
        failed = await _change(hospital, session, url, beds, count)
        times = await asyncio.wait_for(listening, 60)
    finally:
        await consumer.stop()
    return Measured.of("commit to a consumer, at 50 events a second", 1, SECONDS, times, failed)


async def _change(
    hospital: Hospital, session: aiohttp.ClientSession, url: str, beds: list[str], count: int
) -> int:
    """Blocks and unblocks at the rate, whatever the answers take; how many failed."""

    async def change(n: int) -> bool:
        act, body = ("unblock", {}) if n // len(beds) % 2 else ("block", {"reason_code": "bench"})
        asked = hospital.act(0, f"/v1/beds/{beds[n % len(beds)]}/{act}", body)
        async with session.request(
            asked.method, url + asked.path, headers=asked.headers, json=asked.body
        ) as told:
            return told.status < 400

    changes = []
    for n in range(count):
        changes.append(asyncio.create_task(change(n)))
        await asyncio.sleep(1 / PER_SECOND)
    return (await asyncio.gather(*changes)).count(False)


async def _listen(consumer: AIOKafkaConsumer, count: int) -> list[float]:
    times: list[float] = []
    while len(times) < count:
        record = await consumer.getone()
        now, event = datetime.now(UTC), parse(_TOPIC, record.key, record.headers, record.value)
        times.append((now - datetime.fromisoformat(event.time or "")).total_seconds())
    return times
