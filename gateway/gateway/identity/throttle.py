"""Guessing passwords becomes slower with every miss; it never locks the owner of the account out.

Misses are counted for an account together with where they come from: a device that signed in to it before, else an
address. So whoever guesses elsewhere slows down only there. An account that is guessed at from many addresses is
guarded as a whole: an address that comes new to it waits once, for a time that grows with the misses and has an end,
and that nobody can make longer. Known devices never wait for the guesses of others. Only who shares an address with
somebody who guesses, and comes with a device that is not known, has to share that address's turns.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from gateway.identity.domain import SignInRefused, WrongPassword
from gateway.rates import Rate, TooManyRequests

FREE_MISSES = 4
LONGEST_WAIT_SECONDS = 60.0
FREE_MISSES_OF_ALL = 20
LONGEST_FIRST_WAIT_SECONDS = 10.0
FORGOTTEN_AFTER_SECONDS = 900.0
_REMEMBERED = 20_000
K = TypeVar("K")


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
    not_before: float = 0.0

    def missed(self, now: float) -> None:
        self.misses, self.last_miss = self.misses + 1, now

    def wait(self, now: float) -> float:
        """Seconds until the next try is looked at."""
        pause = _pause(self.misses - FREE_MISSES, LONGEST_WAIT_SECONDS)
        return max(self.not_before, self.last_miss + pause) - now


def _pause(misses_too_many: int, longest: float) -> float:
    """Seconds, doubled with every miss."""
    return 0.0 if misses_too_many < 0 else min(longest, 2.0 ** min(misses_too_many, 10))


class SignInThrottle:
    """Tries of one origin for one account are looked at one after the other, with growing pauses between misses."""

    def __init__(self, refused_per_minute: int) -> None:
        self._addresses = Rate(refused_per_minute, 60)
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()
        self._of_all: OrderedDict[str, _Tries] = OrderedDict()
        """By account: the misses of unknown devices, wherever they are."""

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
                tries.missed(time.monotonic())
                if origin.known_device is None:
                    self._addresses.take(origin.address)
                    _remembered(self._of_all, account).missed(time.monotonic())
                raise
            tries.misses = 0

    def _of(self, origin: Origin, account: str) -> _Tries:
        key = (origin.known_device or origin.address, account)
        is_new = key not in self._tries
        tries = _remembered(self._tries, key)
        if is_new and origin.known_device is None and account in self._of_all:
            misses = _remembered(self._of_all, account).misses
            first = _pause(misses - FREE_MISSES_OF_ALL, LONGEST_FIRST_WAIT_SECONDS)
            tries.not_before = time.monotonic() + first if first else 0.0
        return tries


def _remembered(kept: OrderedDict[K, _Tries], key: K) -> _Tries:
    """The tries under this key, new ones where there are none; misses of long ago do not count."""
    tries = kept.setdefault(key, _Tries())
    if time.monotonic() - tries.last_miss > FORGOTTEN_AFTER_SECONDS:
        tries.misses = 0
    kept.move_to_end(key)
    if len(kept) > _REMEMBERED:
        kept.popitem(last=False)
    return tries
