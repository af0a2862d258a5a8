"""Kafka is away: the hospital works on, and tells of everything afterwards."""

import asyncio
import os
import signal
import time

import psutil

from admissions.events import ADMISSION
from beds.events import BED, PLACEMENT
from tests.flows.agreement import agreed
from tests.outages.house import House
from tests.outages.telling import beds_as_worked, told_once_in_order, versions_of
from tests.outages.working import working

#: How long Kafka stays away; `make outages` says three minutes.
OUTAGE_SECONDS = float(os.environ.get("WARDLINE_OUTAGE_SECONDS", "5"))
STOPS_WITHIN = 15.0


async def test_writes_go_on_and_every_event_arrives_afterwards(house: House):
    hospital = house.hospital
    ward = await hospital.a_department(beds=2)
    known = await hospital.an_admission(ward)
    async with working(house) as work:
        await work.goes_on(2)
        await house.stop("kafka")
        stopped_at = time.monotonic()
        await house.are_all("degraded", *house.all_replicas)
        admitted = [await hospital.an_admission(ward, wait=0) for _ in range(3)]
        await hospital.bed_manager.do(f"/v1/placements/{known['id']}/arrival")
        await work.goes_on(5)
        while time.monotonic() < stopped_at + OUTAGE_SECONDS:
            await work.goes_on()
        assert not work.refused
        await house.start("kafka")
        await work.goes_on(2)
    assert not work.refused

    await house.are_all("ok", *house.all_replicas)
    await told_once_in_order(house, BED, await beds_as_worked(house, work.done))
    ids = [admission["id"] for admission in (known, *admitted)]
    sides = await agreed(hospital, ids)
    assert sides[known["id"]].states == ("admitted", "in_bed")
    for topic in (ADMISSION, PLACEMENT):
        await told_once_in_order(house, topic, await versions_of(house, topic, ids))


async def test_every_process_ends_in_time(house: House):
    await house.stop("kafka")
    try:
        await house.are_all("degraded", *house.all_replicas)
        for name in house.all_replicas:
            process, started = psutil.Process(house.process(name).pid), time.monotonic()
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait, STOPS_WITHIN)
            assert b"Finished server process" in last_words(house, name), time.monotonic() - started
    finally:
        await house.stop(*house.all_replicas)
        await house.start("kafka")
        await house.start(*house.all_replicas)


def last_words(house: House, name: str) -> bytes:
    """The server says this once everything in the process has been closed, and hands the signal on."""
    return house.process(name).log.read_bytes()[-2000:]
