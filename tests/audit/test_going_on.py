"""Stopping, dying, standing by; topics that come, grow, go and come back."""

import asyncio
import os
import signal
import sys
from functools import partial

import pytest

from common.ids import new_id
from tests.audit.log import Log, Ward, a_topic_name, an_event
from tests.support.waiting import eventually

INGEST = """
import asyncio, sys
from audit.ingest import Ingester
from common.db import database
async def main(url, bootstrap):
    async with database(url, refusals={}) as opened:
        await Ingester(opened, url, bootstrap).run()
asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_between_and_inside_batches_it_loses_and_doubles_nothing(log: Log, ward: Ward):
    async def write() -> None:
        for _ in range(120):
            await ward.send(*(an_event() for _ in range(25)))

    writing = asyncio.create_task(write())
    for target in (200, 900, 1700):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", INGEST, log.url, log.bootstrap)
        await eventually(partial(_at_least, log, target), within=30)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    await writing
    async with log.ingesting():
        await log.reaches(3000, within=30)
    entries = await log.entries()
    assert [entry["position"] for entry in entries] == list(range(3000))
    assert [entry["record_offset"] for entry in entries] == list(range(3000))
    assert await log.rows("duplicate") == await log.rows("gap") == await log.rows("reread") == []


async def test_one_is_active_and_the_other_takes_over(log: Log, ward: Ward):
    async with log.ingesting() as second:
        async with log.ingesting() as first:
            await eventually(lambda: _one_active(first, second))
            await ward.send(*(an_event() for _ in range(100)))
            await log.reaches(100)
            active = [await ingester.is_active() for ingester in (first, second)]
            assert sorted(active) == [False, True]
        await eventually(lambda: _is_active(second))
        await ward.send(an_event())
        await log.reaches(101)


async def test_a_frozen_ingester_loses_its_place(log: Log, ward: Ward):
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", INGEST, log.url, log.bootstrap)
    try:
        await ward.send(an_event())
        await log.reaches(1)
        os.kill(process.pid, signal.SIGSTOP)
        async with log.ingesting():
            await ward.send(*(an_event() for _ in range(50)))
            await log.reaches(51, within=20)
            os.kill(process.pid, signal.SIGCONT)
            await ward.send(*(an_event() for _ in range(50)))
            await log.reaches(101)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    assert await log.rows("duplicate") == await log.rows("gap") == []


async def test_topics_and_partitions_that_come_later_are_found(log: Log, ward: Ward):
    later = Ward(ward.bootstrap, a_topic_name(), ward.producer)
    async with log.ingesting():
        await ward.send(an_event())
        await log.reaches(1)
        await later.create(partitions=3)
        for partition in range(3):
            await later.send(an_event(), partition=partition)
        await log.reaches(4, within=5)
    await later.delete()


async def test_a_topic_that_came_back_refilled_past_the_position_is_read_again(log: Log, ward: Ward):
    known = [an_event() for _ in range(10)]
    await ward.send(*known)
    async with log.ingesting():
        await log.reaches(10)
    await ward.delete()
    await ward.create()
    await ward.send(*(an_event() for _ in range(8)), *known, an_event())
    async with log.ingesting():
        await log.reaches(19)
    (reread,) = await log.rows("reread")
    assert (reread["next_offset"], reread["from_offset"]) == (10, 0)
    assert len(await log.rows("duplicate")) == 10


async def test_a_topic_that_came_back_shorter_is_noticed_while_running(log: Log, ward: Ward):
    async with log.ingesting():
        await ward.send(*(an_event() for _ in range(10)))
        await log.reaches(10)
        await ward.delete()
        await ward.create()
        await ward.send(*(an_event() for _ in range(3)))
        await log.reaches(13, within=30)
    assert len(await log.rows("reread")) == 1


async def test_what_is_invalid_is_known_again_as_well(log: Log, ward: Ward):
    await ward.send((b"k", b"garbage", []), (b"k", b"garbage", []))
    async with log.ingesting():
        await log.reaches(2)
    await log.admin.execute("UPDATE consumer_position SET next_offset = 0; DELETE FROM last_taken")
    await ward.send(an_event())
    async with log.ingesting():
        await log.reaches(3)
    assert len(await log.rows("duplicate")) == 2


async def test_records_that_retention_removed_before_they_were_read_are_a_gap(log: Log, ward: Ward):
    await ward.send(*(an_event() for _ in range(3)))
    async with log.ingesting():
        await log.reaches(3)
    await ward.send(*(an_event() for _ in range(5)))
    await ward.delete_records(before=6)
    async with log.ingesting():
        await log.reaches(5)
    assert [(gap["first_offset"], gap["last_offset"]) for gap in await log.rows("gap")] == [(3, 5)]
    assert await log.rows("reread") == []


async def test_a_database_set_back_under_a_running_ingester_is_read_again(log: Log, ward: Ward):
    async with log.ingesting():
        await ward.send(*(an_event() for _ in range(3)))
        await log.reaches(3)
        await log.admin.execute("UPDATE consumer_position SET next_offset = 1; DELETE FROM last_taken")
        await eventually(lambda: _duplicates(log, 2))
        await ward.send(an_event(event_id=str(new_id())))
        await log.reaches(4)


@pytest.mark.parametrize("count", [20_000])
async def test_a_backlog_drains_fast(log: Log, ward: Ward, count: int):
    await ward.send(*(an_event(filler="x" * 400) for _ in range(count)))
    loop = asyncio.get_running_loop()
    async with log.ingesting():
        await eventually(lambda: _at_least(log, 1), within=20)
        started, had = loop.time(), await log.size()
        await log.reaches(count, within=60)
        rate = (count - had) / (loop.time() - started)
    print(f"\n{rate:,.0f} records/s")


async def _at_least(log: Log, size: int) -> bool:
    return await log.size() >= size


async def _is_active(ingester) -> bool:
    return bool(await ingester.is_active())


async def _one_active(*ingesters) -> bool:
    return any([await _is_active(ingester) for ingester in ingesters])


async def _duplicates(log: Log, count: int) -> bool:
    return len(await log.rows("duplicate")) == count
