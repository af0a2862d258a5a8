"""Rates: how often something may be done, counted in the memory of this process."""

from collections import Counter
from math import ceil
from time import monotonic

from common.errors import Refusal


class TooManyRequests(Refusal):
    status, code = 429, "too_many_requests"
    sentence = "That is too often. Wait for the seconds that `Retry-After` says."

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.headers = {"retry-after": str(max(1, ceil(retry_after)))}


class Rate:
    """So many in so many seconds, for each key on its own; everything is forgotten when the seconds are over.

    Not the library `limits`: its memory starts a thread every few milliseconds, on the way of every request.
    """

    def __init__(self, amount: int, seconds: int = 1) -> None:
        self._amount, self._seconds = amount, seconds
        self._counts: Counter[str] = Counter()
        self._ends_at = 0.0

    def take(self, key: str) -> None:
        """Raises `TooManyRequests`."""
        self.check(key)
        self._counts[key] += 1

    def check(self, key: str) -> None:
        """As `take`, without counting."""
        now = monotonic()
        if now >= self._ends_at:
            self._counts, self._ends_at = Counter(), now + self._seconds
        if self._counts[key] >= self._amount:
            raise TooManyRequests(self._ends_at - now)
