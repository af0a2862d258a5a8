"""Processes that die at fail points."""

import asyncio
import os
from collections.abc import Sequence

from tests.failpoints.changing_places import Act
from tests.support.insisting import PATIENCE
from tests.support.waiting import eventually
from tools.stack.stack import Stack

EVERY = bool(os.environ.get("WARDLINE_EVERY_FAILPOINT"))
"""Whether the long form is wanted: `make chaos`."""


async def dies_at(stack: Stack, name: str, point: str, nth: int = 1) -> None:
    """Started so that it dies when it comes to the point for the nth time; comes back when it has."""
    process = stack.process(name)
    await asyncio.to_thread(stack.begin_program, name, {"WARDLINE_FAILPOINT": f"{point}:{nth}"})
    await eventually(process.has_died, within=PATIENCE)
    assert f"{name} was ended by SIGKILL; its last words were “fail point {point}”" in process.obituary()


async def dies_in_each(stack: Stack, name: str, acts: Sequence[Act], points: Sequence[str]) -> None:
    """Killed as it is; then it dies in the middle of each act, which are its commands, at one point after the other."""
    died: list[str] = []
    await asyncio.to_thread(stack.kill, name)
    async with asyncio.TaskGroup() as dying:
        dying.create_task(_dies(stack, name, points, died))
        for n, act in enumerate(acts, 1):
            await act()
            assert died == points[:n], "it has died in another act"


async def _dies(stack: Stack, name: str, points: Sequence[str], died: list[str]) -> None:
    """One death after the other; at last it is started to live."""
    for point in points:
        is_done_again = died[-1:] == ["command.before_commit"]  # the act of the last death comes by first
        await dies_at(stack, name, point, nth=2 if is_done_again else 1)
        died.append(point)
    await asyncio.to_thread(stack.begin_program, name)
