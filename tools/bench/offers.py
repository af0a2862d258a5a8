"""From asking for a bed to be ready to hearing on Kafka to whom it is offered, at a steady rate."""

import asyncio
import time
from typing import Any

import aiohttp
import orjson
from aiokafka import AIOKafkaConsumer

from tools.bench.hospital import Hospital
from tools.bench.load import Measured

_TOPIC = "hospital.beds.placement.events.v1"
BEDS_OF_A_DEPARTMENT, DEPARTMENTS = 20, 5
PER_SECOND = 10


async def offers(hospital: Hospital, session: aiohttp.ClientSession, url: str, bootstrap: str) -> Measured:
    """Each department has a patient waiting for each of its beds, all of which are being cleaned."""
    beds = [bed for _ in range(DEPARTMENTS) for bed in await hospital.awaited_beds(BEDS_OF_A_DEPARTMENT)]
    consumer = AIOKafkaConsumer(_TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="latest")
    await consumer.start()
    try:
        await consumer.seek_to_end()
        asked: dict[str, float] = {}
        listening = asyncio.create_task(_listen(consumer, asked, len(beds)))
        failed = await _make_ready(hospital, session, url, beds, asked)
        times = await asyncio.wait_for(listening, 60)
    finally:
        await consumer.stop()
    took = len(beds) / PER_SECOND
    return Measured.of("bed made ready until its offer is heard", 1, took, times, failed)


async def _make_ready(
    hospital: Hospital,
    session: aiohttp.ClientSession,
    url: str,
    beds: list[str],
    asked: dict[str, float],
) -> int:
    """At the rate, whatever the answers take; how many failed. `asked` gets the moment of each."""

    async def ready(bed: str) -> bool:
        one = hospital.act(0, f"/v1/beds/{bed}/ready_override", {"reason_code": "bench"})
        asked[bed] = time.perf_counter()
        async with session.request(one.method, url + one.path, headers=one.headers, json=one.body) as told:
            return told.status < 400

    acts = []
    for bed in beds:
        acts.append(asyncio.create_task(ready(bed)))
        await asyncio.sleep(1 / PER_SECOND)
    return (await asyncio.gather(*acts)).count(False)


async def _listen(consumer: AIOKafkaConsumer, asked: dict[str, float], count: int) -> list[float]:
    times: list[float] = []
    while len(times) < count:
        record = await consumer.getone()
        placement: dict[str, Any] = orjson.loads(record.value)
        if placement["offer_id"] is not None and placement["bed_id"] in asked:
            times.append(time.perf_counter() - asked.pop(placement["bed_id"]))
    return times
