"""Access events: who read a person, who was refused. Committed by the owner of the data before the answer leaves.

A read is an answer that shows a person, or that says the caller's copy still holds (304): either way the caller has
looked. So is a command whose answer shows the record, and its repeat under the same Idempotency-Key, which shows the
record as it is now. An unknown id (404) shows nobody, and nobody is told to have been read. One's own user and
sessions are no reads. What anonymous callers are refused (401) is counted by status in the metrics and not stored.
"""

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
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


async def record_refusal(
    database: Database, service: str, caller: Caller, refusal: Forbidden, asked_for: Iterable[str] = ()
) -> None:
    """Somebody asked for what is not theirs. `asked_for` are the parts of the path; those that are ids are told."""
    subjects = [found for part in asked_for if (found := _id(part)) is not None]
    access = Access(caller.session_id, str(refusal.facts.get("act", "unknown")), subjects, "refused")
    await record_access(database, service, AccessEvent.REFUSED, access)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class Looks:
    """The looks of the running minute: what a session reads over and over is one access event, not hundreds.

    Kept in the memory of this process; with several replicas each tells its own, so there may be more, never less.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minute = 0
        self._told: dict[Hashable, asyncio.Task[None] | None] = {}
        """None once it is committed."""

    async def note(
        self, database: Database, service: str, happened: Happening, access: Access, *, at: Hashable
    ) -> None:
        """Returns once the access event of this look is committed, by this call or by an earlier one.

        A look is the same when this session looks `at` the same in the same minute. Raises what the commit raises.
        """
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute, self._told = minute, {}
        told, look = self._told, (access.session_id, happened, access.act, at)
        if look not in told:
            telling = told[look] = asyncio.create_task(record_access(database, service, happened, access))
            telling.add_done_callback(lambda done: _settle(told, look, done))
        if (under_way := told[look]) is not None:
            await asyncio.shield(under_way)


def _settle(
    told: dict[Hashable, asyncio.Task[None] | None], look: Hashable, done: asyncio.Task[None]
) -> None:
    """What could not be committed is not told: the next look tries again."""
    if done.cancelled() or done.exception() is not None:
        del told[look]
    else:
        told[look] = None
