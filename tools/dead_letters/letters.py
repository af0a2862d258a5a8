"""The dead letters of one service, in its database."""

import asyncio
import getpass
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from common import dead_letters
from common.crypto import MasterKeys
from common.db import Reader, prepare_connection
from common.dead_letters import LetterState
from common.statements import Statement

LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Address:
    """Where in Kafka a letter lay: `topic/partition/offset`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises ValueError."""
        topic, partition, offset = text.split("/")
        return cls(topic, int(partition), int(offset))


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter, without its record."""

    service: str
    address: Address
    reason: str
    buried_at: datetime
    state: LetterState
    decided_at: datetime | None
    decided_by: str | None
    reason_code: str | None

    def document(self) -> dict[str, Any]:
        """For programs."""
        decided = {"at": self.decided_at, "by": self.decided_by, "reason_code": self.reason_code}
        return {
            "service": self.service,
            "address": str(self.address),
            "reason": self.reason,
            "buried_at": self.buried_at,
            "state": self.state,
            "decided": decided if self.decided_at else None,
        }


class Letters:
    """Reads and decides; only the service itself applies a letter again."""

    def __init__(self, service: str, connection: "asyncpg.Connection[Any]") -> None:
        self.service, self._connection = service, connection
        self._reader = Reader(connection)

    async def all(self) -> list[Letter]:
        """The oldest first."""
        return [self._read(row) for row in await self._reader.all(dead_letters.LIST)]

    async def find(self, address: Address) -> Letter | None:
        row = await self._reader.first(dead_letters.ONE, **self._place(address))
        return None if row is None else self._read(row)

    async def record(self, address: Address, keys: MasterKeys) -> dict[str, Any] | None:
        """The original, decrypted; None where its bytes could never be had. Raises `crypto.Unreadable`."""
        row = await self._reader.first(dead_letters.ONE, **self._place(address))
        assert row is not None
        record = dead_letters.exhumed(keys, dict(row))
        return record and {
            "key": _text(record.key),
            "headers": [[name, _text(content)] for name, content in record.headers],
            "value": _text(record.value),
        }

    async def want_replay(self, address: Address) -> bool:
        """False where the letter is not to be had in this state."""
        return await self._decide(dead_letters.WANT_REPLAY, address, None)

    async def drop(self, address: Address, reason_code: str) -> bool:
        """It is of no use; it is kept, and can still be replayed. False where it is not open."""
        return await self._decide(dead_letters.DROP, address, reason_code)

    async def settled(self, addresses: Sequence[Address]) -> AsyncIterator[Letter]:
        """Each as soon as the service has applied it, or refused it again. Never ends while the service is away."""
        waiting = list(addresses)
        while waiting:
            for address in list(waiting):
                letter = await self.find(address)
                if letter is not None and letter.state is not LetterState.REPLAY_WANTED:
                    waiting.remove(address)
                    yield letter
            if waiting:
                await asyncio.sleep(LOOK_SECONDS)

    async def _decide(self, statement: Statement, address: Address, reason_code: str | None) -> bool:
        arguments = statement.arguments(
            {**self._place(address), "decided_by": _who(), "reason_code": reason_code}
        )
        status: str = await self._connection.execute(statement.sql, *arguments)
        return status == "UPDATE 1"

    def _place(self, address: Address) -> dict[str, Any]:
        return {
            "of_consumer": self.service,
            "of_topic": address.topic,
            "of_partition": address.partition,
            "of_record_offset": address.offset,
        }

    def _read(self, row: Any) -> Letter:
        return Letter(
            self.service,
            Address(row["topic"], row["partition"], row["record_offset"]),
            row["reason"],
            row["buried_at"],
            LetterState(row["state"]),
            row["decided_at"],
            row["decided_by"],
            row["reason_code"],
        )


@asynccontextmanager
async def letters_of(service: str, url: str) -> AsyncIterator[Letters]:
    """Raises what a database raises that does not answer."""
    connection = await asyncpg.connect(url, timeout=5)
    try:
        await prepare_connection(connection)
        yield Letters(service, connection)
    finally:
        await connection.close()


def _text(content: bytes | None) -> str | dict[str, str] | None:
    """As the audit log writes it: text, or hexadecimal where it is none."""
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"hex": content.hex()}


def _who() -> str:
    """The account on this machine; in a container it may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
