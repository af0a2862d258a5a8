"""Guessing passwords becomes slower with every miss; it never locks the owner of the account out.

Misses are counted for an account together with where they come from: a device that signed in to it before, else an
address. So whoever guesses elsewhere slows down only there.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.identity.domain import SignInRefused, WrongPassword
from gateway.rates import Rate, TooManyRequests

FREE_MISSES = 4
LONGEST_WAIT_SECONDS = 60.0
FORGOTTEN_AFTER_SECONDS = 900.0
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a try comes from. `known_device` has signed in to this very account before."""

    address: str
    known_device: str | None = None


@dataclass
class _Tries:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    misses: int = 0
    last_miss: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next try is looked at."""
        if self.misses < FREE_MISSES:
            return 0.0
        pause = min(LONGEST_WAIT_SECONDS, 2.0 ** (self.misses - FREE_MISSES))
        return self.last_miss + pause - now


class SignInThrottle:
    """Tries of one origin for one account are looked at one after the other, with growing pauses between misses."""

    def __init__(self, refused_per_minute: int) -> None:
        self._addresses = Rate(refused_per_minute, 60)
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()

    @asynccontextmanager
    async def turn(self, origin: Origin, account: str) -> AsyncIterator[None]:
        """The body checks the password. Raises `TooManyRequests` when it is too early for that."""
        tries = self._of(origin, account)
        async with tries.turn:
            if (pause := tries.wait(time.monotonic())) > 0:
                raise TooManyRequests(pause)
            if origin.known_device is None:
                self._addresses.check(origin.address)
            try:
                yield
            except (SignInRefused, WrongPassword):
                tries.misses, tries.last_miss = tries.misses + 1, time.monotonic()
                if origin.known_device is None:
                    self._addresses.take(origin.address)
                raise
            tries.misses = 0

    def _of(self, origin: Origin, account: str) -> _Tries:
        key = (origin.known_device or origin.address, account)
        tries = self._tries.setdefault(key, _Tries())
        if time.monotonic() - tries.last_miss > FORGOTTEN_AFTER_SECONDS:
            tries.misses = 0
        self._tries.move_to_end(key)
        if len(self._tries) > _REMEMBERED:
            self._tries.popitem(last=False)
        return tries
