"""Live sessions, each remembered for at most a second, so that an end anywhere is felt everywhere within one."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from common.auth import Caller, decode_grants
from common.db import Database
from common.problems import DATABASE_AWAY
from gateway.identity import queries, records
from gateway.identity.tokens import digest_of

log = structlog.get_logger()

REMEMBERED_SECONDS = 1.0
SEEN_EVERY = timedelta(seconds=30)
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Session:
    """A live session and whom it speaks for. `good_until` is on this process's monotonic clock."""

    caller: Caller
    expires_at: datetime
    good_until: float
    key: str
    """Names the session among rates."""


class Sessions:
    """Finds the session of a token. `ended` is told of each user whose tokens must be dropped."""

    def __init__(self, database: Database, ended: Callable[[UUID], None]) -> None:
        self._database, self._ended = database, ended
        self._remembered: OrderedDict[bytes, Session] = OrderedDict()
        self._looking: dict[bytes, asyncio.Task[Session | None]] = {}
        self._noting: dict[UUID, asyncio.Task[None]] = {}

    async def find(self, token: str) -> Session | None:
        """None for a token that no live session has."""
        digest = digest_of(token)
        if digest is None:
            return None
        session = self._remembered.get(digest)
        if session is not None and time.monotonic() < session.good_until:
            return session
        looking = self._looking.get(digest)
        if looking is None:
            looking = self._looking[digest] = asyncio.create_task(self._look(digest))
        return await asyncio.shield(looking)

    def forget(self, user_id: UUID) -> None:
        """Something about this user's sessions or rights has changed: ask the database next time."""
        for digest in [d for d, session in self._remembered.items() if session.caller.user_id == user_id]:
            del self._remembered[digest]
        self._looking.clear()  # what was asked for before the change is not remembered
        self._ended(user_id)

    async def _look(self, digest: bytes) -> Session | None:
        this, began = asyncio.current_task(), time.monotonic()
        try:
            row = await self._database.read.first(queries.SESSION, digest=digest)
            session = None if row is None else self._read(row, began)
            if self._looking.get(digest) is this:
                self._remember(digest, session)
            return session
        finally:
            if self._looking.get(digest) is this:
                del self._looking[digest]

    def _remember(self, digest: bytes, session: Session | None) -> None:
        before = self._remembered.pop(digest, None)
        if before is not None and (session is None or session.caller != before.caller):
            self._ended(before.caller.user_id)
        if session is not None:
            self._remembered[digest] = session
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)

    def _read(self, row: Any, began: float) -> Session:
        left: timedelta = row["live_until"] - row["now"]
        if row["now"] - row["last_seen_at"] > SEEN_EVERY and row["id"] not in self._noting:
            self._noting[row["id"]] = asyncio.create_task(self._note_seen(row["id"], row["now"]))
        caller = Caller(
            row["user_id"],
            row["id"],
            decode_grants(row["grants"]),
            row["staff_member_id"],
            row["auth_version"],
        )
        good_for = min(REMEMBERED_SECONDS, left.total_seconds())
        return Session(caller, row["expires_at"], began + good_for, str(row["id"]))

    async def _note_seen(self, session_id: UUID, seen_at: datetime) -> None:
        """Beside the request. If it fails the session only ends earlier."""
        try:
            async with self._database.write() as act:
                await act.run(records.SEEN, of_session=session_id, seen_at=seen_at)
        except DATABASE_AWAY as error:
            log.warning("session_not_noted", kind=type(error).__name__)
        finally:
            del self._noting[session_id]
