"""The clock of the day that is played: hospital time runs `speed` times as fast as ours."""

import asyncio
import time


class Clock:
    """Hospital seconds since the day began."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began = time.monotonic()

    def now(self) -> float:
        return (time.monotonic() - self._began) * self._speed

    async def until(self, at: float) -> None:
        await asyncio.sleep((at - self.now()) / self._speed)

    async def pass_by(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)
