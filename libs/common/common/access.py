"""Access events: who read a person, who was refused. Committed by the owner of the data before the answer leaves."""

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from common import failpoints
from common.auth import Caller
from common.catalogue import Happening, Published
from common.db import Database, UnitOfWork
from common.envelope import Fact
from common.errors import Forbidden
from common.ids import new_id
from common.topics import Topic

_COMMIT = failpoints.around_commit("access")


@dataclass(frozen=True, slots=True)
class Access:
    """One look or one refusal. `subjects` are opaque ids, `act` names what was asked for."""

    session_id: UUID | None
    act: str
    subjects: Sequence[UUID] = ()
    outcome: str = "success"


class AccessEvent(Happening):
    """What every service tells."""

    REFUSED = "refused", "A request beyond the caller's rights was refused."


def access_topic(service: str) -> Topic:
    return Topic(service, "access")


def published_access(service: str, *accesses: Happening) -> Published:
    """The access events of a service: these, and that something was refused."""
    return Published.of(access_topic(service), Access, (*AccessEvent, *accesses), changes=False)


def access_fact(service: str, happened: Happening, access: Access, key: UUID, at: datetime) -> Fact:
    topic = access_topic(service)
    payload = {field.name: getattr(access, field.name) for field in fields(access)}
    return Fact(topic, topic.event_type(happened), key, f"access/{key}", 1, at, payload)


async def note_access(act: UnitOfWork, service: str, happened: Happening, access: Access) -> None:
    """Adds the access event to the act. `happened` is person_read, names_read, search, refused, exported, …"""
    act.publish(access_fact(service, happened, access, new_id(), await act.moment()))


async def record_access(database: Database, service: str, happened: Happening, access: Access) -> None:
    """An access event in a transaction of its own."""
    async with database.write(around=_COMMIT) as act:
        await note_access(act, service, happened, access)


async def record_refusal(database: Database, service: str, caller: Caller, refusal: Forbidden) -> None:
    """Somebody asked for what is not theirs."""
    access = Access(caller.session_id, str(refusal.facts.get("act", "unknown")), outcome="refused")
    await record_access(database, service, AccessEvent.REFUSED, access)


class Looks:
    """The looks of the running minute: what a session reads over and over is one access event, not hundreds."""

    def __init__(self) -> None:
        self._minute = 0
        self._noted: set[Hashable] = set()

    async def note(
        self, database: Database, service: str, happened: Happening, access: Access, *, at: Hashable
    ) -> None:
        """Commits the access event unless this session has looked `at` the same in this minute."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._noted = minute, set()
        look = (access.session_id, happened, access.act, at)
        if look not in self._noted:
            await record_access(database, service, happened, access)
            self._noted.add(look)
