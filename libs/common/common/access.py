"""Access events: who read a person, who was refused. Committed by the owner of the data before the answer leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.auth import Caller
from common.db import Database, UnitOfWork
from common.envelope import Fact
from common.errors import Forbidden
from common.ids import new_id
from common.topics import Topic


@dataclass(frozen=True, slots=True)
class Access:
    """One look or one refusal. `subjects` are opaque ids, `act` names what was asked for."""

    session_id: UUID | None
    act: str
    subjects: Sequence[UUID] = ()
    outcome: str = "success"


def access_topic(service: str) -> Topic:
    return Topic(service, "access")


async def note_access(act: UnitOfWork, service: str, happened: str, access: Access) -> None:
    """Adds the access event to the act. `happened` is person_read, names_read, search, refused, exported, …"""
    topic, key = access_topic(service), new_id()
    payload = {
        "session_id": access.session_id,
        "act": access.act,
        "subjects": list(access.subjects),
        "outcome": access.outcome,
    }
    at = await act.moment()
    act.publish(Fact(topic, topic.event_type(happened), key, f"access/{key}", 1, at, payload))


async def record_access(database: Database, service: str, happened: str, access: Access) -> None:
    """An access event in a transaction of its own."""
    async with database.write() as act:
        await note_access(act, service, happened, access)


async def record_refusal(database: Database, service: str, caller: Caller, refusal: Forbidden) -> None:
    """Somebody asked for what is not theirs."""
    access = Access(caller.session_id, str(refusal.facts.get("act", "unknown")), outcome="refused")
    await record_access(database, service, "refused", access)
