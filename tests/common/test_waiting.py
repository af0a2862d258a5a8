"""Waiting for an answer without holding a connection."""

import asyncio
import time
from uuid import uuid4

import pytest

from common import waiting
from common.waiting import MAX_SECONDS, Waiters, preferred_wait, settled


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 0), ("", 0), ("wait=3", 3), ("wait=99", MAX_SECONDS), ("respond-async, wait=5", 5), ("wait=5;x=y", 5),
        ("wait=-1", 0), ("wait=1.5", 0), ("wait=x", 0), ("await=3", 0), ("wait", 0),
    ],
)  # fmt: skip
async def test_a_preference_is_read_and_nonsense_ignored(prefer: str | None, seconds: float):
    assert await preferred_wait(prefer) == seconds


async def test_a_wake_settles_what_is_waited_for(monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", 60.0)
    waiters, key, rows = Waiters(), uuid4(), ["requested"]

    async def read() -> str:
        return rows[-1]

    with waiters.registered(key) as event:
        waiter = asyncio.create_task(settled(event, read, lambda row: row == "held", 10))
        await asyncio.sleep(0)
        waiters.wake(uuid4())
        rows.append("held")
        waiters.wake(key)
        assert await asyncio.wait_for(waiter, 5) == "held"

    assert not waiters._events


async def test_an_answer_between_commit_and_wait_is_not_missed(monkeypatch):
    """The waiter is registered before the commit, so a wake that comes before it waits counts."""
    monkeypatch.setattr(waiting, "POLL_SECONDS", 60.0)
    waiters, key, reads = Waiters(), uuid4(), 0

    async def read() -> int:
        nonlocal reads
        reads += 1
        if reads == 1:
            waiters.wake(key)  # the answer arrives while the row is being read as it was before
        return reads

    with waiters.registered(key) as event:
        assert await asyncio.wait_for(settled(event, read, lambda found: found == 2, 30), 5) == 2


async def test_what_is_known_is_answered_when_the_time_is_over(monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", 60.0)
    rows = ["requested"]

    async def read() -> str:
        return rows[-1]

    started = time.monotonic()
    with Waiters().registered(uuid4()) as event:
        asyncio.get_running_loop().call_later(0.1, rows.append, "bed_assigned")
        assert await settled(event, read, lambda row: row == "held", 0.3) == "bed_assigned"

    assert 0.3 <= time.monotonic() - started < 2


async def test_an_answer_that_another_replica_took_is_found_by_looking(monkeypatch):
    monkeypatch.setattr(waiting, "POLL_SECONDS", 0.05)
    rows = ["requested"]

    async def read() -> str:
        return rows[-1]

    with Waiters().registered(uuid4()) as event:
        asyncio.get_running_loop().call_later(0.1, rows.append, "held")
        assert await asyncio.wait_for(settled(event, read, lambda row: row == "held", 10), 5) == "held"


async def test_one_wake_is_for_all_who_wait_for_the_same():
    waiters, key = Waiters(), uuid4()
    with waiters.registered(key) as first, waiters.registered(key) as second:
        waiters.wake(key)
        assert first.is_set()
        assert second.is_set()
