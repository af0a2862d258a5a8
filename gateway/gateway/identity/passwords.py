"""Passwords: Argon2id, few at a time, off the event loop."""

import asyncio
import unicodedata

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

#: OWASP's choice for one pass: 46 MiB, t=1, p=1.
_ARGON2 = Argon2Hasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
_AT_ONCE = 2
"""Hashes in work at the same time: they are made to cost memory and a whole core each."""


class Passwords:
    """Makes and checks password hashes."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((_ARGON2,))
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._turn_of_known = asyncio.Semaphore(1)
        self._nobodys = self._hasher.hash("a user who does not exist")

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, _normalised(password))

    async def verify(
        self, password: str, known: str | None, *, known_device: bool = False
    ) -> tuple[bool, str | None]:
        """Whether it is the password of that hash, and a hash of today's strength if the known one is weaker.

        Without a hash (no such user) it takes as long and answers False. Known devices have a turn of their own:
        however many strangers guess, they do not wait behind them.
        """
        async with self._turn_of_known if known_device else self._turn:
            good, stronger = await asyncio.to_thread(
                self._hasher.verify_and_update, _normalised(password), known or self._nobodys
            )
        return good and known is not None, stronger


def _normalised(password: str) -> str:
    """Keyboards write the same letter in several ways."""
    return unicodedata.normalize("NFKC", password)
