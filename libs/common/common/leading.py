"""One of many leads: it holds an advisory lock on a connection of its own; the others stand by."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from common.db import prepare_connection

HEARTBEAT_SECONDS = 1.0
TRUST_SECONDS = 2.0
"""How old the last proof of the lock may be when something irrevocable is done; the server ends an idle holder
after 5 s ● (a stopped process kept its lock for ever)."""
_SESSION = {
    "idle_session_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",  # a few statements for ever: planning each anew cost as much as running it
}


class Lead:
    """The connection that holds the lock. What runs on it is fenced: without the lock there is no connection."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._proven_at = time.monotonic()

    def is_certain(self) -> bool:
        """Whether the lock was ours a moment ago, by this process's clock."""
        return time.monotonic() - self._proven_at < TRUST_SECONDS

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """The connection for one statement or transaction: its success proves that the lock was ours when asked."""
        async with self._turn:
            asked_at = time.monotonic()
            yield self._connection
            self._proven_at = asked_at

    async def keep(self) -> None:
        """The heartbeat: never ends, raises when the connection is gone."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            async with self.connection() as connection:
                await connection.fetchval("SELECT 1")


async def stand_by_then_lead(
    url: str, lock: int, work: Callable[[Lead], Awaitable[None]], *, stopping: Callable[[], bool]
) -> None:
    """Waits for the lock, then works until `work` ends or the lock is lost; raises what either of them raises."""
    connection = await asyncpg.connect(url, server_settings=_SESSION, timeout=5, command_timeout=10)
    try:
        await prepare_connection(connection)
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
            if stopping():
                return
            await asyncio.sleep(HEARTBEAT_SECONDS)
        lead = Lead(connection)
        heartbeat = asyncio.create_task(lead.keep())
        working = asyncio.ensure_future(work(lead))
        try:
            done, _ = await asyncio.wait((heartbeat, working), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (heartbeat, working):
                task.cancel()
            await asyncio.gather(heartbeat, working, return_exceptions=True)
    finally:
        connection.terminate()
