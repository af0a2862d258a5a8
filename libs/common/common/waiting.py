"""Waiting for another service's answer (`Prefer: wait=N`) without holding a connection meanwhile."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Header

MAX_SECONDS = 10
POLL_SECONDS = 1.0
"""Another replica may have taken the answer; until its signal arrives the row itself is looked at this often."""

T = TypeVar("T")


async def preferred_wait(prefer: Annotated[str | None, Header(max_length=200)] = None) -> float:
    """The seconds of `Prefer: wait=N`, at most ten; 0 when it is absent or makes no sense (RFC 7240: ignore)."""
    found = re.search(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])", prefer or "")
    return min(float(found.group(1)), MAX_SECONDS) if found else 0.0


PreferredWait = Annotated[float, Depends(preferred_wait)]


class Waiters:
    """Who waits for which aggregate in this process."""

    def __init__(self) -> None:
        self._events: dict[UUID, set[asyncio.Event]] = defaultdict(set)

    def wake(self, key: UUID) -> None:
        for event in self._events.get(key, ()):
            event.set()

    @contextmanager
    def registered(self, key: UUID) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._events[key].add(event)
        try:
            yield event
        finally:
            self._events[key].discard(event)
            if not self._events[key]:
                del self._events[key]


async def settled(
    event: asyncio.Event, read: Callable[[], Awaitable[T]], done: Callable[[T], bool], seconds: float
) -> T:
    """Reads again after every wake until `done` or the time is over; always answers what is known by then."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        event.clear()
        found = await read()
        left = deadline - asyncio.get_running_loop().time()
        if done(found) or left <= 0:
            return found
        with suppress(TimeoutError):
            async with asyncio.timeout(min(left, POLL_SECONDS)):
                await event.wait()
