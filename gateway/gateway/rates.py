"""Rates: how often something may be done, counted in the memory of this process."""

from math import ceil
from time import time

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from common.errors import Refusal


class TooManyRequests(Refusal):
    status, code = 429, "too_many_requests"
    sentence = "That is too often. Wait for the seconds that `Retry-After` says."

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.headers = {"retry-after": str(max(1, ceil(retry_after)))}


class Rate:
    """So many in so many seconds, for each key on its own."""

    def __init__(self, amount: int, seconds: int = 1) -> None:
        self._item = RateLimitItemPerSecond(amount, seconds)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def take(self, key: str) -> None:
        """Raises `TooManyRequests`."""
        if not self._limiter.hit(self._item, key):
            raise self._refusal(key)

    def check(self, key: str) -> None:
        """As `take`, without counting."""
        if not self._limiter.test(self._item, key):
            raise self._refusal(key)

    def _refusal(self, key: str) -> TooManyRequests:
        return TooManyRequests(self._limiter.get_window_stats(self._item, key).reset_time - time())
