"""Looks at what the gateway keeps of others, users, sessions and notes, are told as looks at patients are."""

from collections.abc import Sequence
from uuid import UUID

from common.access import Access
from common.auth import Caller
from common.catalogue import Happening
from common.process import Process
from gateway.events import SERVICE


async def note_look(
    process: Process, caller: Caller, what: Happening, act: str, subjects: Sequence[UUID]
) -> None:
    """Returns once the access event is committed: once per session, act, set of users and minute."""
    access = Access(caller.session_id, act, subjects)
    await process.looks.note(process.database, SERVICE, what, access, at=frozenset(subjects))
