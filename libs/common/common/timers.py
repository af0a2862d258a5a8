"""Timers: what becomes due is looked for at a rhythm and at a wake-up, in every replica, never relied on for safety."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog

from common import failpoints
from common.context import Trail, following
from common.ids import new_id
from common.pausing import pause_after

log = structlog.get_logger()
_LONGEST_PAUSE = 10.0


class Timer:
    """Calls `work` every `every` seconds and at each `wake`, until stopped.

    A failure is logged and tried again soon, then less and less often.
    """

    def __init__(self, service: str, name: str, every: float, work: Callable[[], Awaitable[object]]) -> None:
        self._actor, self.name, self._every, self._work = f"service/{service}", name, every, work
        self._woken = asyncio.Event()
        if failpoints.is_set(f"timer.{name}"):
            self.wake()  # whoever set it does not want to wait for the rhythm

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        failures = 0
        while True:
            with suppress(TimeoutError):
                # not `wait_for`: on Python 3.11 it loses a cancellation that comes together with the wake ●
                async with asyncio.timeout(self._pause(failures)):
                    await self._woken.wait()
            self._woken.clear()
            try:
                with following(Trail(str(new_id()), self._actor)):
                    await self._work()
                failures = 0
            except Exception as error:
                failures += 1
                log.warning(
                    "timer_failed", timer=self.name, kind=type(error).__name__, exc_info=failures == 1
                )

    def _pause(self, failures: int) -> float:
        if failures:
            return pause_after(failures, longest=max(self._every, _LONGEST_PAUSE))
        return self._every * random.uniform(0.9, 1.1)


async def run_all(timers: Sequence[Timer]) -> None:
    """Runs until cancelled."""
    async with asyncio.TaskGroup() as group:
        for timer in timers:
            group.create_task(timer.run(), name=f"timer {timer.name}")
