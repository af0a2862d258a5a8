"""Twenty coordinators, forty patients, thirty beds: nobody is double-booked, and everybody is told why.

`WARDLINE_RACE_SECONDS` says for how long, `WARDLINE_RACE_SEED` with which chances.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.coordinators.coordinator import Board, Coordinator
from tests.support.balance import assert_balanced
from tests.support.books import close_books
from tests.support.hospital import Hospital, a_hospital

SECONDS = float(os.environ.get("WARDLINE_RACE_SECONDS", "12"))
SEED = int(os.environ.get("WARDLINE_RACE_SEED") or random.SystemRandom().randrange(2**32))
LONG = 60.0
"""From so many seconds on, each command has succeeded at least once."""
COORDINATORS, PATIENTS, WARDS, BEDS_OF_A_WARD = 20, 40, 3, 10


@pytest_asyncio.fixture
async def hospital(scratch: Path) -> AsyncIterator[Hospital]:
    async with a_hospital(scratch / "coordinators") as hospital:
        yield hospital


@pytest.mark.timeout(180 + int(SECONDS))
async def test_they_never_double_book_and_are_always_told_why(hospital: Hospital):
    print(f"WARDLINE_RACE_SEED={SEED} WARDLINE_RACE_SECONDS={SECONDS}")
    chance = random.Random(SEED)
    wards = [await hospital.a_department(beds=BEDS_OF_A_WARD) for _ in range(WARDS)]
    nurse = await hospital.staff("charge_nurse", wards)
    admitted = [hospital.an_admission(chance.choice(wards)) for _ in range(PATIENTS)]
    board = Board(wards, {one["patient_id"]: one["id"] for one in await asyncio.gather(*admitted)})
    coordinators = [
        Coordinator(
            hospital.another_device(hospital.bed_manager),
            hospital.another_device(nurse),
            board,
            random.Random(f"{SEED} {n}"),
        )
        for n in range(COORDINATORS)
    ]

    over = asyncio.Event()
    async with asyncio.TaskGroup() as working:
        for coordinator in coordinators:
            working.create_task(coordinator.work(over))
        await asyncio.sleep(SECONDS)  # how long they work
        over.set()

    told = [one for coordinator in coordinators for one in coordinator.told]
    print(Counter(f"{one.command} {one.code or 'done'}" for one in told).most_common())
    assert [one for one in told if one.code is None and not 200 <= one.status < 300] == []
    assert [one for one in told if one.code is not None and not 400 <= one.status < 500] == []
    never_done = {one.command for one in told} - {one.command for one in told if one.code is None}
    assert len(never_done) <= (0 if SECONDS >= LONG else 8), never_done
    assert_balanced(await close_books(hospital.stack))
