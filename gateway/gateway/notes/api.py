"""Notes to the audit log. Everybody may add one; who reads one is told, as for every read of the log."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from common.bodies import Route
from common.errors import NotFound, NotYetKnown
from common.process import Running
from common.resources import Resource
from common.web import json_answer, shows
from gateway.events import NoteAccess
from gateway.identity.looking import note_look
from gateway.identity.signed_in import Demanding, SignedIn
from gateway.notes.handlers import record_note
from gateway.notes.policies import POLICIES
from gateway.notes.records import NOTE, RECEIPT, text_of
from gateway.notes.schemas import NewNote, NoteOut, NoteReceipt
from gateway.services import KEPT_HERE

router = APIRouter(prefix=KEPT_HERE, tags=["audit"], route_class=Route)
_RECEIPT = Resource(RECEIPT, path=KEPT_HERE)


@router.post("", status_code=201, responses=shows(NoteReceipt, 201))
async def record(
    request: Request, process: Running, session: SignedIn, demand: Demanding, new: NewNote
) -> Response:
    """Adds words about a thing. They are kept encrypted; the log gets an entry with the note's id."""
    outcome = await record_note(
        process.database,
        demand,
        process.keys,
        session.caller.user_id,
        new.entity_type,
        new.entity_id,
        new.text,
    )
    return await _RECEIPT.settle(request, process.database.read, outcome)


@router.get("/{note_id}", responses=shows(NoteOut))
async def read(request: Request, process: Running, session: SignedIn, note_id: UUID) -> Response:
    """404 also once the words are destroyed with what they were about.

    503 at first: a restored database knows words that have been destroyed since.
    """
    POLICIES.allow(session.caller, "notes.read")
    if not process.is_caught_up():
        raise NotYetKnown
    row = await process.database.read.first(NOTE, of_id=note_id)
    if row is None:
        raise NotFound
    shown = {name: row[name] for name in NoteReceipt.model_fields} | {"text": text_of(process.keys, row)}
    subjects = [row["entity_id"], note_id]
    await note_look(process, session.caller, NoteAccess.NOTE_READ, "notes.read", subjects)
    return json_answer(request, shown)
