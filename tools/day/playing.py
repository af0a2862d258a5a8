"""Plays one day, from midnight on."""

import asyncio
import random
from collections.abc import Callable

from aiohttp import ClientSession, ClientTimeout

from common.ids import new_id
from tools.day.clock import Clock
from tools.day.hospital import Hospital, Tally
from tools.day.plan import HOUR, coming, stay_left
from tools.day.stories import Stories

CLEANERS = 6
Show = Callable[[float, Hospital], None]
"""Is told the hospital's seconds and the hospital, some times a second."""


async def play(url: str, password: str, *, speed: float, hours: float, seed: int, show: Show) -> Tally:
    """What was done, and refused, when the hours are over. Raises Refused where a demo user cannot sign in."""
    async with ClientSession(url, timeout=ClientTimeout(total=60)) as http:
        hospital = await Hospital.enter(http, password, new_id().hex[-8:])
        chance = random.Random(seed)
        present = [one async for one in hospital.bed_manager.all("/v1/placements?state=in_bed")]
        hospital.tally.in_beds = len(present)
        clock = Clock(speed)
        stories = Stories(hospital, clock, seed)
        people = coming(chance, len(hospital.departments), hospital.beds, hours)
        tasks = [asyncio.create_task(stories.come(patient)) for patient in people]
        tasks += [asyncio.create_task(stories.leave(one, stay_left(chance))) for one in present]
        tasks += [asyncio.create_task(stories.clean(cleaner)) for cleaner in range(CLEANERS)]
        try:
            while clock.now() < hours * HOUR:
                show(clock.now(), hospital)
                await _raise_failures(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await hospital.leave()
        return hospital.tally


async def _raise_failures(tasks: list[asyncio.Task[None]]) -> None:
    done, _ = await asyncio.wait(tasks, timeout=0.25, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        task.result()
