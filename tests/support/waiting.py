"""Waiting for what will become true, with a deadline instead of a pause."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any


async def eventually(
    true: Callable[[], Any | Awaitable[Any]], *, within: float = 15.0, every: float = 0.05
) -> Any:
    """Asks until the answer is true and hands it back. Fails with the last answer once the time is over."""
    deadline = time.monotonic() + within
    while True:
        answer = true()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {within} s; the last answer was {answer!r}")
        await asyncio.sleep(every)
