"""What the routes of notes accept and return."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from common.web import Payload
from gateway.notes.domain import EntityType

#: Words of several lines; no NUL, which PostgreSQL does not take.
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$"),
]


class NewNote(Payload):
    entity_type: EntityType
    entity_id: UUID
    text: Words


class NoteReceipt(BaseModel):
    """A note without its words, which only auditors and admins read again."""

    id: UUID
    entity_type: str
    entity_id: UUID
    recorded_by: UUID
    recorded_at: datetime


class NoteOut(NoteReceipt):
    text: str
