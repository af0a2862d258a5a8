"""Looks at users and their sessions by others are told, as looks at patients are."""

from collections.abc import Sequence
from uuid import UUID

from common.access import Access
from common.auth import Caller
from common.process import Process
from gateway.events import SERVICE, PersonAccess


async def note_look(
    process: Process, caller: Caller, what: PersonAccess, act: str, subjects: Sequence[UUID]
) -> None:
    """Returns once the access event is committed: once per session, act, set of users and minute."""
    access = Access(caller.session_id, act, subjects)
    await process.looks.note(process.database, SERVICE, what, access, at=frozenset(subjects))
