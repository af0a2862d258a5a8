"""A hospital whose topics anybody may write to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.hospital import Hospital, a_hospital


@pytest_asyncio.fixture(scope="package")
async def hospital(scratch: Path) -> AsyncIterator[Hospital]:
    async with a_hospital(scratch / "bad_records") as hospital:
        yield hospital
