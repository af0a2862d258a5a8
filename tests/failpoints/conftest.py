"""One hospital that is killed again and again, and the people who work in it meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.failpoints.changing_places import wards_of_a_pair
from tests.failpoints.day import Places, Shift
from tests.support.hospital import Hospital, a_hospital
from tools.stack.stack import Stack

SHIFTS = 1


@pytest_asyncio.fixture(scope="module")
async def hospital(scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hospital]:
    """Its logs stay where pytest keeps the files of the last runs."""
    logs = tmp_path_factory.mktemp("failpoints") / "logs"
    async with a_hospital(scratch / "failpoints", durable=True, keep_logs=logs) as hospital:
        await _hurry(hospital.stack)
        yield hospital


async def _hurry(stack: Stack) -> None:
    """Who is asked to clean must come within a minute, so that a target is missed while the tests run."""
    beds = await asyncpg.connect(stack.infrastructure.postgres.url("beds"))
    await beds.execute("INSERT INTO cleaning_target VALUES ('response', clock_timestamp(), 1)")
    await beds.close()


@pytest_asyncio.fixture(scope="module")
async def shifts(hospital: Hospital) -> list[Shift]:
    """They know what they were promised since the first day. Their first holds have begun to run out."""
    cleaner = await hospital.staff("housekeeping")
    corridor, spare = await hospital.a_department(beds=0), await hospital.a_department(beds=12)
    shifts = []
    for _ in range(SHIFTS):
        ward, pair = await hospital.a_department(beds=1), await wards_of_a_pair(hospital)
        shifts.append(Shift(hospital, Places(ward, corridor, spare, pair), cleaner))
    await asyncio.gather(*(shift.day() for shift in shifts))
    return shifts
