"""A relay stops in the middle of its work, a twin takes over, and the old one wakes up again."""

import time
from contextlib import ExitStack

from beds.events import BED
from tests.outages.house import House
from tests.outages.telling import beds_as_worked, by_key, told_once_in_order
from tests.outages.working import working
from tests.support.broker import freezing
from tests.support.reading import everything_in
from tests.support.waiting import eventually

FROZEN_SECONDS = 15.0
"""Three times what the server grants to an idle holder of the lock."""


async def test_what_wakes_up_publishes_nothing_old_over_new(house: House):
    old = await house.active("beds")
    twin, process = house.twin(old), house.process(old)
    with ExitStack() as frozen:
        async with working(house, beds=12) as work:
            await work.goes_on(3)
            frozen.enter_context(house.balancers["beds"].without(process.port))
            frozen.enter_context(freezing(process))
            frozen_at = time.monotonic()
            await eventually(lambda: publishes(house, twin), within=30)
            while time.monotonic() < frozen_at + FROZEN_SECONDS:
                await work.goes_on()
        versions = await beds_as_worked(house, work.done)
        await house.is_published(twin)
        before = [by_key(await everything_in(house.bootstrap, topic)) for topic in (BED.events, BED.state)]

    await house.are_all("ok", old)
    async with working(house, beds=2) as later:
        await later.goes_on(3)
    await house.is_published(old)
    assert await house.active("beds") == twin
    after = [by_key(await everything_in(house.bootstrap, topic)) for topic in (BED.events, BED.state)]
    for earlier, now in zip(before, after, strict=True):
        assert {key: now[key] for key in versions} == {key: earlier[key] for key in versions}
    await told_once_in_order(house, BED, versions)


async def publishes(house: House, name: str) -> bool:
    _, said = await house.health(name, "details")
    return bool(said["relay_active"])
