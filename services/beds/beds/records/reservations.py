"""Reservations: which one stands in the way of a bed, and whose time has come."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from beds.domain.placement import Placement
from beds.domain.reservation import Reservation, ReservationState
from beds.domain.rules import Needs
from beds.models import bed, placement, reservation
from beds.records import placements
from beds.records.free import is_free_to_its_own
from common.aggregates import Aggregates
from common.columns import Moment
from common.db import UnitOfWork
from common.statements import Statement, constant

reservations = Aggregates(Reservation, reservation)

_now: sa.BindParameter[Any] = sa.bindparam("now", type_=Moment)
_reserved = reservation.c.state == constant(ReservationState.RESERVED)
_IN_THE_WAY = Statement(
    sa.select(*reservation.c)
    .where(reservation.c.bed_id == sa.bindparam("of_bed"), _reserved, reservation.c.ends_at > _now)
    .limit(sa.literal_column("1"))
)


async def in_the_way(act: UnitOfWork, bed_id: UUID, at: datetime) -> Reservation | None:
    """The one reservation of a locked bed that is not over, for whatever later time."""
    row = await act.first(_IN_THE_WAY, of_bed=bed_id, now=at)
    return None if row is None else reservations.read(row)


async def is_reserved(act: UnitOfWork, bed_id: UUID, at: datetime) -> bool:
    """Whether somebody has this locked bed reserved, for whatever later time."""
    return await in_the_way(act, bed_id, at) is not None


class Due(NamedTuple):
    """A reservation whose time has come, or is over; its bed is free for this very patient unless it is over."""

    admission_id: UUID
    bed_id: UUID
    needs: Needs
    is_over: bool


_over = reservation.c.ends_at <= _now
_DUE = Statement(
    sa.select(reservation.c.admission_id, reservation.c.bed_id, placement.c.needs, _over.label("is_over"))
    .select_from(
        reservation.join(placement, placement.c.reservation_id == reservation.c.id).join(
            bed, bed.c.id == reservation.c.bed_id
        )
    )
    .where(_reserved, reservation.c.starts_at <= _now, sa.or_(_over, is_free_to_its_own(_now)))
    .order_by(reservation.c.starts_at, reservation.c.id)
)
_LOCK_RESERVED = Statement(
    sa.select(*placement.c)
    .where(placement.c.admission_id == sa.bindparam("of_admission"), placement.c.reservation_id.is_not(None))
    .with_for_update(key_share=True, skip_locked=True)
)


async def due(act: UnitOfWork, now: datetime) -> list[Due]:
    """Those of which something may become now, the earliest first. Not locked."""
    rows = await act.all(_DUE, now=now)
    return [Due(row["admission_id"], row["bed_id"], Needs.read(row["needs"]), row["is_over"]) for row in rows]


async def lock_reserved(act: UnitOfWork, admission_id: UUID) -> Placement | None:
    """The placement, locked, if a bed is reserved for it and nobody is busy with it."""
    row = await act.first(_LOCK_RESERVED, of_admission=admission_id)
    return None if row is None else placements.read(row)
