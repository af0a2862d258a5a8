"""A relay stops in the middle of its work, a twin takes over, and the old one wakes up again."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beds.events import BED
from common.embedded import Process
from tests.outages.house import House
from tests.outages.telling import beds_as_worked, by_key, told_once_in_order
from tests.outages.working import working
from tests.support.reading import everything_in
from tests.support.waiting import eventually

FROZEN_SECONDS = 15.0
"""Three times what the server grants to an idle holder of the lock."""


async def test_what_wakes_up_publishes_nothing_old_over_new(house: House):
    """It stops with a request in its hand that it was about to send, and has no other work: that is its twin's."""
    old, twin = "beds", house.twin("beds")
    process = house.process(old)
    with house.balancers["beds"].without(process.port):
        await house.stop(old, twin)
        house.stack.begin_program(old, {"WARDLINE_FAILPOINT": "relay.sending:10:stop"})
        await asyncio.to_thread(process.wait_ready)
        await eventually(lambda: publishes(house, old), within=30)
        await house.start(twin)
        with thawing(process):
            async with working(house, beds=12) as work:
                await eventually(lambda: is_frozen(process), within=30)
                frozen_at = time.monotonic()
                await eventually(lambda: publishes(house, twin), within=30)
                while time.monotonic() < frozen_at + FROZEN_SECONDS:
                    await work.goes_on()
            versions = await beds_as_worked(house, work.done)
            await house.is_published(twin)
            before = [
                by_key(await everything_in(house.bootstrap, topic)) for topic in (BED.events, BED.state)
            ]

    await house.are_all("ok", old)
    with house.balancers["beds"].without(house.process(twin).port):
        pass  # whatever is open leads to the twin: from now on they share again
    async with working(house, beds=2) as later:
        await later.goes_on(3)
    await house.is_published(old)
    assert await house.active("beds") == twin
    after = [by_key(await everything_in(house.bootstrap, topic)) for topic in (BED.events, BED.state)]
    for earlier, now in zip(before, after, strict=True):
        assert {key: now[key] for key in versions} == {key: earlier[key] for key in versions}
    await told_once_in_order(house, BED, versions)


@contextmanager
def thawing(process: Process) -> Iterator[None]:
    """Whoever stops in between goes on afterwards."""
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def is_frozen(process: Process) -> bool:
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


async def publishes(house: House, name: str) -> bool:
    _, said = await house.health(name, "details")
    return bool(said["relay_active"])
