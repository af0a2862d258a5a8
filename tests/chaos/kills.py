"""Whoever pulls the plugs: one process after the other dies without warning and comes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

from tools.stack.infrastructure import KAFKA, POSTGRES
from tools.stack.stack import Stack

VICTIMS = ("beds", "admissions", "gateway", "audit", KAFKA, POSTGRES)
_NEEDED = {KAFKA, POSTGRES}
_LONGEST_PAUSE = 2.0
_TWO_AT_ONCE = 0.2


async def kill_at_random(stack: Stack, kills: int, chance: random.Random) -> list[str]:
    """Answers who died, in this order. Everything runs again afterwards."""
    died: list[str] = []
    deck = _deck(chance)
    while len(died) < kills:
        await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE))
        victims = {next(deck)}
        if len(died) + 1 < kills and chance.random() < _TWO_AT_ONCE:
            victims.add(next(deck))
        for victim in sorted(victims):
            await asyncio.to_thread(stack.kill, victim)
            died.append(victim)
        await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE))
        # what the others need comes first, as whoever repairs a hospital would do it
        for victim in sorted(victims & _NEEDED):
            await asyncio.to_thread(stack.start_process, victim)
        for victim in sorted(victims - _NEEDED):
            await asyncio.to_thread(stack.begin_program, victim)
    await asyncio.to_thread(stack.wait_ready)
    return died


def _deck(chance: random.Random) -> Iterator[str]:
    """All of them in some order, then all again in another."""
    while True:
        yield from chance.sample(VICTIMS, len(VICTIMS))
