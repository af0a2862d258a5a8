"""Notes at rest: the words encrypted under a key of what the note is about, so that they can be destroyed with it."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from common.crypto import MasterKeys
from common.db import UnitOfWork
from common.statements import Statement, insert_into
from gateway.models import note, note_key

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
    .where(note.c.id == sa.bindparam("of_id"))
)


async def add(act: UnitOfWork, keys: MasterKeys, text: str, **of_note: Any) -> None:
    """The first note about a thing makes its key; whoever comes at the same time takes that one too."""
    entity_id: UUID = of_note["entity_id"]
    await act.run(_ADD_KEY, entity_id=entity_id, wrapped=keys.new_subject_key(entity_id)[1])
    key = keys.subject_key(await act.value(_KEY, of_entity=entity_id), entity_id)
    await act.run(_ADD, sealed=key.encrypt(f"{_FIELD}/{of_note['id']}", text), **of_note)


def text_of(keys: MasterKeys, row: Any) -> str:
    """The words in a row of `NOTE`."""
    return keys.subject_key(row["wrapped"], row["entity_id"]).decrypt(f"{_FIELD}/{row['id']}", row["sealed"])
