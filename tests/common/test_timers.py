"""Timers: a rhythm, a wake-up, and failures that are tried again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

from common.context import current_trail
from common.timers import Timer, run_all
from tests.support.waiting import eventually


@asynccontextmanager
async def running(*timers: Timer) -> AsyncIterator[None]:
    task = asyncio.create_task(run_all(timers))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_it_works_at_its_rhythm():
    runs: list[str] = []

    async def work() -> None:
        runs.append(current_trail().actor)

    async with running(Timer("toy", "sweep", 0.01, work)):
        await eventually(lambda: len(runs) >= 3, within=5)

    assert set(runs) == {"service/toy"}


async def test_each_run_has_a_trail_of_its_own():
    trails: set[str] = set()

    async def work() -> None:
        trails.add(current_trail().correlation_id)

    async with running(Timer("toy", "sweep", 0.01, work)):
        await eventually(lambda: len(trails) >= 2, within=5)


async def test_a_wake_does_not_wait_for_the_rhythm():
    ran = asyncio.Event()

    async def work() -> None:
        ran.set()

    timer = Timer("toy", "sweep", 3600, work)
    async with running(timer):
        timer.wake()
        await asyncio.wait_for(ran.wait(), 5)


async def test_a_failure_is_tried_again_and_harms_no_other_timer():
    runs = {"fails": 0, "works": 0}

    async def fails() -> None:
        runs["fails"] += 1
        if runs["fails"] < 3:
            raise OSError

    async def works() -> None:
        runs["works"] += 1

    async with running(Timer("toy", "fails", 0.01, fails), Timer("toy", "works", 0.01, works)):
        await eventually(lambda: runs["fails"] >= 4 and runs["works"] >= 4, within=5)


async def test_a_failure_of_a_daily_timer_is_not_left_until_tomorrow():
    runs: list[None] = []

    async def fails_once() -> None:
        runs.append(None)
        if len(runs) < 2:
            raise OSError

    daily = Timer("toy", "repair", 24 * 3600, fails_once)
    daily.wake()
    async with running(daily):
        await eventually(lambda: len(runs) == 2, within=5)


async def test_a_timer_that_keeps_failing_slows_down():
    times: list[float] = []

    async def fails() -> None:
        times.append(time.monotonic())
        raise OSError

    async with running(Timer("toy", "fails", 0.001, fails)):
        await eventually(lambda: len(times) >= 4, within=5)

    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] < gaps[1] < gaps[2]


async def test_a_timer_ends_when_it_is_cancelled_together_with_its_wake():
    async def work() -> None:
        pass

    timer = Timer("toy", "sweep", 3600, work)
    task = asyncio.create_task(timer.run())
    await asyncio.sleep(0.01)
    timer.wake()
    await asyncio.sleep(0)
    task.cancel()

    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
