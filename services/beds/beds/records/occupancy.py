"""Rows of the occupancy: who has which bed when. Constraints keep any two of them apart, whatever the code does."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from asyncpg import Range
from sqlalchemy.dialects.postgresql import TSTZRANGE

from beds.domain.bed import Bed
from beds.domain.reservation import Reservation
from beds.models import occupancy
from common.columns import Moment
from common.db import UnitOfWork
from common.ids import new_id
from common.stamp import Stamp
from common.statements import Statement, constant, insert_into

_ADD = Statement(insert_into(occupancy, "id", "kind", "bed_id", "admission_id", "patient_id", "period"))
_ends_at = sa.bindparam("ends_at", type_=Moment)
_END = (
    sa.update(occupancy)
    .where(
        sa.func.coalesce(sa.func.upper(occupancy.c.period), sa.literal_column("'infinity'::timestamptz"))
        > _ends_at
    )
    .values(period=sa.func.tstzrange(sa.func.lower(occupancy.c.period), _ends_at).cast(TSTZRANGE))
)
_VOID = Statement(
    sa.update(occupancy).where(occupancy.c.id == sa.bindparam("of_hold")).values(void=sa.true())
)
_END_HOLD = Statement(_END.where(occupancy.c.id == sa.bindparam("of_hold")))
_END_STAY = Statement(
    _END.where(occupancy.c.admission_id == sa.bindparam("of_admission"), occupancy.c.kind == constant("stay"))
)


async def add_hold(act: UnitOfWork, held: Bed) -> None:
    """The hold's row: from now until its end, which nothing ever moves to later."""
    assert held.hold_id is not None
    await _add(act, held.hold_id, "hold", held.id, held, Range(held.since, held.held_until))


async def end_hold(act: UnitOfWork, hold_id: UUID | None, stamp: Stamp) -> None:
    """Ends a hold that lives, if there is one; an expired one keeps its end."""
    if hold_id is not None:
        await act.run(_END_HOLD, of_hold=hold_id, ends_at=stamp.at)


async def add_stay(act: UnitOfWork, occupied: Bed) -> None:
    """The stay's row: open until the patient leaves the bed."""
    await _add(act, new_id(), "stay", occupied.id, occupied, Range(occupied.since, None))


async def end_stay(act: UnitOfWork, admission_id: UUID, stamp: Stamp) -> None:
    await act.run(_END_STAY, of_admission=admission_id, ends_at=stamp.at)


async def add_reserved(act: UnitOfWork, reserved: Reservation) -> None:
    """The row of a hold that begins later; once its time has come it is the row of that hold."""
    period = Range(reserved.starts_at, reserved.ends_at)
    await _add(act, reserved.id, "hold", reserved.bed_id, reserved, period)


async def void_reserved(act: UnitOfWork, reservation_id: UUID) -> None:
    """It keeps the bed from nobody any more. What has not begun cannot be ended, for its period would be empty."""
    await act.run(_VOID, of_hold=reservation_id)


async def _add(
    act: UnitOfWork, row_id: UUID, kind: str, bed_id: UUID, of: Bed | Reservation, period: "Range[datetime]"
) -> None:
    await act.run(
        _ADD,
        id=row_id,
        kind=kind,
        bed_id=bed_id,
        admission_id=of.admission_id,
        patient_id=of.patient_id,
        period=period,
    )
