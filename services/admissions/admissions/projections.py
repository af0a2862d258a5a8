"""Local copies of what beds owns: the last answer to each admission, and the departments."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid, insert

from admissions.domain.admission import Answer
from admissions.models import heard_placement, known_department
from common.db import UnitOfWork
from common.statements import Statement

_columns = {column.name: sa.bindparam(column.name, type_=column.type) for column in heard_placement.c}
_heard: Any = insert(heard_placement).values(_columns)
_REMEMBER = Statement(
    _heard.on_conflict_do_update(
        index_elements=["admission_id"],
        set_={name: _heard.excluded[name] for name in _columns if name != "admission_id"},
        where=heard_placement.c.version < _heard.excluded.version,
    )
)


async def remember_placement(act: UnitOfWork, admission_id: UUID, answer: Answer) -> bool:
    """False when an answer of this version, or a newer one, was heard before."""
    return bool(await act.run(_REMEMBER, admission_id=admission_id, **answer._asdict()))


_departments = (
    sa.func.unnest(
        sa.bindparam("ids", type_=ARRAY(Uuid)),
        sa.bindparam("states", type_=ARRAY(sa.Text)),
        sa.bindparam("versions", type_=ARRAY(sa.BigInteger)),
    )
    .table_valued(sa.column("id", Uuid), sa.column("state", sa.Text), sa.column("version", sa.BigInteger))
    .render_derived(name="said")
)
_said: Any = insert(known_department).from_select(["id", "state", "version"], sa.select(*_departments.c))
_COPY_DEPARTMENTS = Statement(
    _said.on_conflict_do_update(
        index_elements=["id"],
        set_={"state": _said.excluded.state, "version": _said.excluded.version},
        where=known_department.c.version < _said.excluded.version,
    )
)


class KnownDepartment(NamedTuple):
    """What admissions knows of a department of beds."""

    id: UUID
    state: str
    version: int


async def copy_departments(act: UnitOfWork, told: Sequence[KnownDepartment]) -> None:
    """The newest of each department in the batch, where it is newer than the copy."""
    newest = {department.id: department for department in sorted(told, key=lambda each: each.version)}
    ids, states, versions = zip(*sorted(newest.values()), strict=True) if newest else ((), (), ())
    await act.run(_COPY_DEPARTMENTS, ids=ids, states=states, versions=versions)
