"""Movements: rows that only grow, one for each time a patient came, went, moved, or was said to have by mistake."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from beds.domain.movement import MovementKind
from beds.models import movement, placement
from common.db import UnitOfWork
from common.ids import new_id
from common.stamp import Stamp
from common.statements import Statement, insert_into

_ADD = Statement(insert_into(movement))


async def add_movement(
    act: UnitOfWork,
    kind: MovementKind,
    admission_id: UUID,
    stamp: Stamp,
    *,
    from_bed_id: UUID | None = None,
    to_bed_id: UUID | None = None,
    occurred_at: datetime | None = None,
    reason_code: str | None = None,
    reverses: UUID | None = None,
) -> None:
    await act.run(
        _ADD,
        id=new_id(),
        admission_id=admission_id,
        kind=kind,
        from_bed_id=from_bed_id,
        to_bed_id=to_bed_id,
        moved_at=stamp.at,
        occurred_at=occurred_at or stamp.at,
        moved_by=stamp.by,
        reason_code=reason_code,
        reverses=reverses,
    )


class Moved(NamedTuple):
    """A movement, as far as taking it back goes."""

    id: UUID
    kind: MovementKind
    from_bed_id: UUID | None
    moved_at: datetime


_LATEST = Statement(
    sa.select(movement.c.id, movement.c.kind, movement.c.from_bed_id, movement.c.moved_at)
    .where(
        movement.c.admission_id == sa.bindparam("of_admission"),
        movement.c.kind == sa.any_(sa.bindparam("kinds", type_=ARRAY(sa.Text))),
    )
    .order_by(movement.c.moved_at.desc())
    .limit(sa.literal_column("1"))
)


async def latest_movement(
    act: UnitOfWork, admission_id: UUID, kinds: Collection[MovementKind]
) -> Moved | None:
    """The latest of these kinds of an admission whose placement is locked."""
    row = await act.first(_LATEST, of_admission=admission_id, kinds=list(kinds))
    if row is None:
        return None
    return Moved(row["id"], MovementKind(row["kind"]), row["from_bed_id"], row["moved_at"])


_reversal = movement.alias("reversal")
_LAST = Statement(
    sa.select(sa.func.max(movement.c.occurred_at).label("last"))
    .join(placement, placement.c.admission_id == movement.c.admission_id)
    .where(
        placement.c.patient_id == sa.bindparam("of_patient"),
        movement.c.reverses.is_(None),
        sa.not_(sa.exists().where(_reversal.c.reverses == movement.c.id)),
    )
)


async def last_movement(act: UnitOfWork, patient_id: UUID) -> datetime | None:
    """When the patient last came, moved or left, as it was reported; what was taken back does not count."""
    row = await act.first(_LAST, of_patient=patient_id)
    last: datetime | None = None if row is None else row["last"]
    return last
