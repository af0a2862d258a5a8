"""Processes are killed at random under load: what the clients were told is one story, and the books agree with it.

`WARDLINE_CHAOS_KILLS` and `WARDLINE_CHAOS_SEED` choose the run, `WARDLINE_CHAOS_HISTORY` where its history goes.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.chaos.clients import Client
from tests.chaos.history import OK, UNKNOWN, History, read_history
from tests.chaos.kills import VICTIMS, kill_at_random
from tests.chaos.linearizable import not_linearizable
from tests.support.balance import assert_balanced, assert_kept
from tests.support.books import close_books
from tests.support.hospital import Hospital, a_hospital

KILLS = int(os.environ.get("WARDLINE_CHAOS_KILLS", len(VICTIMS)))
SEED = int(os.environ.get("WARDLINE_CHAOS_SEED") or random.SystemRandom().randrange(2**32))
CLIENTS = 8
BEDS = 5


@pytest_asyncio.fixture
async def hospital(scratch: Path, tmp_path: Path) -> AsyncIterator[Hospital]:
    """Durable, as it dies for good; its logs stay where pytest keeps the files of the last runs."""
    async with a_hospital(scratch / "chaos", durable=True, keep_logs=tmp_path / "logs") as hospital:
        yield hospital


@pytest.mark.timeout(120 + 40 * KILLS)
async def test_what_the_clients_were_told_is_one_story(hospital: Hospital, tmp_path: Path):
    print(f"WARDLINE_CHAOS_SEED={SEED} WARDLINE_CHAOS_KILLS={KILLS}")
    path = Path(os.environ.get("WARDLINE_CHAOS_HISTORY") or tmp_path / "history.jsonl")
    chance, history = random.Random(SEED), History(path)
    cleaner = await hospital.staff("housekeeping")
    wards = [await hospital.a_department(beds=beds) for beds in (BEDS, 2, 0)]
    clients = [
        Client(f"client{n}", hospital, cleaner, history, wards, random.Random(f"{SEED} {n}"))
        for n in range(1, CLIENTS + 1)
    ]
    await asyncio.gather(*(client.prepare() for client in clients))
    over = asyncio.Event()
    async with asyncio.TaskGroup() as working:
        for client in clients:
            working.create_task(client.work(over))
        died = await kill_at_random(hospital.stack, KILLS, chance)
        over.set()
    await clients[0].look()
    history.close()

    told = read_history(path)
    unknown = sum(operation.outcome == UNKNOWN for operation in told)
    print(f"{len(died)} died ({', '.join(died)}); {len(told)} operations, {unknown} of them unknown")
    assert {operation.key for operation in told} == {str(bed) for bed in wards[0].beds}
    done = Counter(operation.op for operation in told if operation.outcome == OK)
    assert min(done[op] for op in ("hold", "arrive", "depart")) >= 3, done
    assert not_linearizable(told) == {}
    books = await close_books(hospital.stack)
    assert_balanced(books)
    assert_kept(books, [one for client in clients for one in client.acknowledged])
