"""Signals between replicas: heard by the others, never by oneself, and heard again after an interruption."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg

from common.signals import _MOST_KEYS, Signals
from tests.common.toy import Toy, a_fact
from tests.support.waiting import eventually

_LISTENERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)


@asynccontextmanager
async def replicas(toy: Toy) -> AsyncIterator[tuple[Signals, Signals, dict[str, list[UUID]]]]:
    heard: dict[str, list[UUID]] = {"first": [], "second": []}
    first, second = Signals(toy.url, heard["first"].append), Signals(toy.url, heard["second"].append)
    tasks = [asyncio.create_task(first.run()), asyncio.create_task(second.run())]
    try:
        await both_listen(toy)
        yield first, second, heard
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def both_listen(toy: Toy) -> None:
    async def listening() -> bool:
        return bool(await toy.database.pool.fetchval(_LISTENERS) == 2)

    await eventually(listening)


async def test_what_one_replica_commits_the_other_hears_once_and_itself_not_at_all(fresh: Toy):
    key = uuid4()
    async with replicas(fresh) as (first, _, heard):
        first.tell([a_fact(fresh, key), a_fact(fresh, key, 2)])
        await eventually(lambda: heard["second"])

        assert heard == {"first": [], "second": [key]}


async def test_more_keys_than_fit_are_cut_and_nothing_breaks(fresh: Toy):
    async with replicas(fresh) as (first, _, heard):
        first.tell([a_fact(fresh, uuid4()) for _ in range(_MOST_KEYS * 2)])
        await eventually(lambda: len(heard["second"]) == _MOST_KEYS)
        last = uuid4()
        first.tell([a_fact(fresh, last)])
        await eventually(lambda: last in heard["second"])


async def test_signals_come_back_after_their_connections_ended(fresh: Toy):
    async with replicas(fresh) as (first, _, heard):
        owner = await asyncpg.connect(fresh.admin_url)
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = $1",
            fresh.service,
        )
        await owner.close()
        await both_listen(fresh)
        key = uuid4()
        first.tell([a_fact(fresh, key)])
        await eventually(lambda: key in heard["second"])


async def test_signals_end_when_they_are_cancelled_together_with_news(fresh: Toy):
    """On Python 3.11 `wait_for` loses a cancellation that comes in the same turn as what it waits for."""
    signals = Signals(fresh.url, lambda _: None)
    running = asyncio.create_task(signals.run())
    await eventually(lambda: fresh.database.pool.fetchval(_LISTENERS))
    signals.tell([a_fact(fresh, uuid4())])
    await asyncio.sleep(0)
    running.cancel()

    await asyncio.wait([running], timeout=5)
    assert running.cancelled()
