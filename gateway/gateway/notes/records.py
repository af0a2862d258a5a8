"""Notes at rest: the words encrypted under a key of what the note is about, so that they can be destroyed with it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID as Uuid, insert

from common.crypto import MasterKeys
from common.db import UnitOfWork
from common.statements import Statement, insert_into
from gateway.models import note, note_key
from gateway.notes.domain import SubjectErased

_FIELD = "note.text"
_ADD = Statement(insert_into(note))
_ADD_KEY = Statement(
    insert(note_key)
    .values({name: sa.bindparam(name, type_=note_key.c[name].type) for name in ("entity_id", "wrapped")})
    .on_conflict_do_nothing()
)
_KEY = Statement(sa.select(note_key.c.wrapped).where(note_key.c.entity_id == sa.bindparam("of_entity")))
_shown = [column for column in note.c if column.name != "sealed"]
#: What everybody may know who knows the id: not the words.
RECEIPT = Statement(sa.select(*_shown).where(note.c.id == sa.bindparam("of_id")))
#: Nothing where the key is destroyed.
NOTE = Statement(
    sa.select(*note.c, note_key.c.wrapped)
    .join(note_key, note_key.c.entity_id == note.c.entity_id)
    .where(note.c.id == sa.bindparam("of_id"), note_key.c.wrapped.is_not(None))
)
_gone: sa.BindParameter[Any] = sa.bindparam("entity_id", type_=Uuid)
_DESTROY = Statement(
    insert(note_key)
    .values(entity_id=_gone, wrapped=sa.null())
    .on_conflict_do_update(index_elements=[note_key.c.entity_id], set_={"wrapped": sa.null()})
)


async def add(act: UnitOfWork, keys: MasterKeys, text: str, **of_note: Any) -> None:
    """The first note about a thing makes its key; whoever comes at the same time takes that one too.

    Raises `SubjectErased`.
    """
    entity_id: UUID = of_note["entity_id"]
    await act.run(_ADD_KEY, entity_id=entity_id, wrapped=keys.new_subject_key(entity_id)[1])
    wrapped: bytes | None = await act.value(_KEY, of_entity=entity_id)
    if wrapped is None:
        raise SubjectErased
    key = keys.subject_key(wrapped, entity_id)
    await act.run(_ADD, sealed=key.encrypt(f"{_FIELD}/{of_note['id']}", text), **of_note)


async def destroy(act: UnitOfWork, entities: Iterable[UUID]) -> None:
    """The words about these things cannot be read any more, and none are added."""
    for entity_id in sorted(entities):
        await act.run(_DESTROY, entity_id=entity_id)


def text_of(keys: MasterKeys, row: Any) -> str:
    """The words in a row of `NOTE`."""
    return keys.subject_key(row["wrapped"], row["entity_id"]).decrypt(f"{_FIELD}/{row['id']}", row["sealed"])
