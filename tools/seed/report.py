"""What a load has done, and how its parts run together."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

AT_ONCE = 8


@dataclass
class Report:
    """What was made, by kind, and what the hospital as it is now would not take."""

    made: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)


async def together(acts: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """All of them, a few at a time. Raises what the first failed act raised, when no other is under way any more."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def in_turn(act: Coroutine[Any, Any, Any]) -> None:
        async with turn:
            await act

    waiting = list(acts)
    tasks = [asyncio.create_task(in_turn(act)) for act in waiting]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for act in waiting:
            act.close()  # those whose turn never came
