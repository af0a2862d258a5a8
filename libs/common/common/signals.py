"""Wake-ups between replicas: what changed is told over one LISTEN connection, never in a transaction ●."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import structlog

from common.db import TROUBLE
from common.envelope import Fact

log = structlog.get_logger()

_CHANNEL = "wardline_committed"
DEBOUNCE_SECONDS = 0.02
PROBE_SECONDS = 10.0
"""A replica that only listens notices this late that its connection is dead without having been closed ●."""
_MOST_KEYS = 150
"""A notification carries at most 8,000 bytes; what does not fit is found by the polls."""


class Signals:
    """Tells the other replicas of this service what was committed here, and listens to theirs. A loss is harmless."""

    def __init__(self, database_url: str, heard: Callable[[UUID], None]) -> None:
        self._url, self._heard = database_url, heard
        self._keys: set[UUID] = set()
        self._news = asyncio.Event()

    def tell(self, facts: list[Fact]) -> None:
        if facts:
            self._keys.update(fact.key for fact in facts)
            self._news.set()

    async def run(self) -> None:
        while True:
            try:
                await self._exchange()
            except TROUBLE as error:
                log.warning("signals_interrupted", kind=type(error).__name__)
                await asyncio.sleep(1)

    async def _exchange(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=5, command_timeout=5)
        own = connection.get_server_pid()

        def receive(_: Any, pid: int, __: str, payload: Any) -> None:
            if pid != own:
                for text in orjson.loads(payload):
                    self._heard(UUID(text))

        try:
            connection.add_termination_listener(lambda _: self._news.set())
            await connection.add_listener(_CHANNEL, receive)
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PROBE_SECONDS):
                        await self._news.wait()
                await asyncio.sleep(DEBOUNCE_SECONDS)
                self._news.clear()
                keys, self._keys = self._keys, set()
                payload = orjson.dumps(list(keys)[:_MOST_KEYS]).decode()
                await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, payload)
        finally:
            with suppress(Exception):
                connection.terminate()
