"""Offers, which are changed only under the lock of their placement; and how one that is over is read."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from beds.domain.offer import Offer, OfferState
from beds.domain.placement import Unplaced
from beds.models import offer, placement
from beds.records import WAITS_BY_ITSELF
from common.aggregates import Aggregates
from common.db import UnitOfWork
from common.statements import Statement, constant

Column = sa.ColumnElement[Any]

offers = Aggregates(Offer, offer)

_LATEST = Statement(
    sa.select(*offer.c)
    .where(offer.c.admission_id == sa.bindparam("of_admission"))
    .order_by(offer.c.offered_at.desc())
    .limit(sa.literal_column("1"))
)
_HAD = Statement(
    sa.select(offer.c.admission_id, offer.c.bed_id)
    .join(
        placement,
        sa.and_(
            placement.c.admission_id == offer.c.admission_id,
            placement.c.want_version == offer.c.want_version,
        ),
    )
    .where(WAITS_BY_ITSELF)
)


async def latest_offer(act: UnitOfWork, admission_id: UUID) -> Offer | None:
    """The latest of an admission whose placement is locked."""
    row = await act.first(_LATEST, of_admission=admission_id)
    return None if row is None else offers.read(row)


async def beds_offered_before(act: UnitOfWork) -> Mapping[UUID, set[UUID]]:
    """The beds that each of those who wait was offered for the present want, and did not take."""
    had: dict[UUID, set[UUID]] = defaultdict(set)
    for row in await act.all(_HAD):
        had[row["admission_id"]].add(row["bed_id"])
    return had


def state_at(at: Column) -> Column:
    """The state that the clock has an offer in."""
    over = sa.and_(offer.c.state == constant(OfferState.OFFERED), offer.c.offered_until <= at)
    return sa.case((over, constant(OfferState.EXPIRED)), else_=offer.c.state)


def refusal_once(is_over: "sa.ColumnElement[bool]") -> Column:
    """Why a placement has no bed, also where its hold `is_over`: after an offer it is tried again by itself."""
    return sa.case(
        (sa.and_(is_over, placement.c.offer_id.is_not(None)), constant(Unplaced.NO_BED)),
        (is_over, constant(Unplaced.EXPIRED)),
        else_=placement.c.refusal,
    )
