"""Recording a note."""

from uuid import UUID

from common.command import command
from common.crypto import MasterKeys
from common.db import UnitOfWork
from common.idempotency import Outcome
from common.ids import new_id
from gateway.events import NoteEvent, NoteState, happened
from gateway.notes import records
from gateway.notes.domain import EntityType


@command
async def record_note(
    act: UnitOfWork, keys: MasterKeys, by: UUID, entity_type: EntityType, entity_id: UUID, text: str
) -> Outcome:
    """Keeps the words here; what is published says that there are some, about what and by whom."""
    note_id, at = new_id(), await act.moment()
    await records.add(
        act,
        keys,
        text,
        id=note_id,
        entity_type=entity_type,
        entity_id=entity_id,
        recorded_by=by,
        recorded_at=at,
    )
    patient_id = entity_id if entity_type is EntityType.PATIENT else None
    state = NoteState(note_id, entity_type, entity_id, patient_id, by, at)
    act.publish(happened(NoteEvent.RECORDED, note_id, state, None))
    return Outcome(201, note_id)
