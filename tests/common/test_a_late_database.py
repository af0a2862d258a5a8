"""A process that starts before its database waits for it."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from common.db import database
from common.embedded import Postgres


async def test_a_database_that_starts_late_is_waited_for(scratch: Path):
    server = Postgres(scratch / "late", password="secret", durable=False)
    server.start()
    server.kill()

    async def first_answer() -> int:
        async with database(server.url(), refusals={}) as opened:
            one: int = await opened.pool.fetchval("SELECT 1")
            return one

    answer = asyncio.create_task(first_answer())
    await asyncio.to_thread(server.start)
    try:
        assert await answer == 1
    finally:
        server.stop()
        server.remove()


async def test_a_wrong_password_is_no_reason_to_wait(postgres: Postgres):
    with pytest.raises(asyncpg.InvalidPasswordError):
        async with database(postgres.url(password="guessed"), refusals={}):
            pass
