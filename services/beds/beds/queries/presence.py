"""Placements, with their movements and holds."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID as Uuid

from beds.domain.placement import PlacementState
from beds.models import (
    bed,
    departure_reason,
    movement,
    occupancy,
    placement,
)
from beds.queries.filters import any_of
from beds.records import offers
from beds.records.free import is_lapsed
from beds.records.over import is_hold_over, wanted_in
from common.paging import Listing
from common.statements import Statement, constant

Row = Any
_clock = sa.func.clock_timestamp()

# Holds
_hold_end = sa.func.upper(occupancy.c.period)
#: With the version of its bed: the tag of a hold is that of the bed, which is what giving it back depends on.
HOLD = Statement(
    sa.select(
        occupancy.c.id,
        occupancy.c.bed_id,
        occupancy.c.admission_id,
        sa.func.lower(occupancy.c.period).label("held_from"),
        _hold_end.label("held_until"),
        (_hold_end > _clock).label("live"),
        bed.c.version,
        sa.func.coalesce(is_lapsed(_clock), sa.false()).label("lapsed"),
    )
    .join(bed, bed.c.id == occupancy.c.bed_id)
    .where(occupancy.c.id == sa.bindparam("of_id"))
)
HOLD_OF = Statement(
    sa.select(occupancy.c.admission_id).where(
        occupancy.c.id == sa.bindparam("hold_id"),
        occupancy.c.bed_id == sa.bindparam("of_bed"),
        occupancy.c.kind == constant("hold"),
    )
)


def hold_view(row: Row) -> dict[str, Any]:
    """A hold as the API shows it."""
    return {name: value for name, value in row.items() if name not in ("version", "lapsed")}


# Placements
_hold_over = is_hold_over(_clock)
_place_state = sa.case((_hold_over, constant(PlacementState.QUEUED)), else_=placement.c.state)
_refusal = offers.refusal_once(_hold_over)
_department = sa.case((_hold_over, wanted_in), else_=placement.c.department_id)
_filtered: sa.BindParameter[Any] = sa.bindparam("department_id", type_=Uuid)
_in_department = sa.or_(  # spelled out, so that an index serves both
    _filtered.is_(None),
    sa.and_(placement.c.department_id == _filtered, sa.not_(_hold_over)),
    sa.and_(_hold_over, wanted_in == _filtered),
)
_placement_columns = [c for c in placement.c if c.name not in ("state", "refusal", "department_id")]
_placements = sa.select(
    *_placement_columns,
    _place_state.label("state"),
    _refusal.label("refusal"),
    _department.label("department_id"),
    sa.func.coalesce(_hold_over, sa.false()).label("lapsed"),
)
PLACEMENTS = Listing(
    _placements.where(_in_department, any_of(_place_state, "states")),
    key=placement.c.admission_id,
    orders={"since": placement.c.since, "changed_at": placement.c.changed_at},
    default="since",
)
PLACEMENT = Statement(_placements.where(placement.c.admission_id == sa.bindparam("of_id")))
MOVEMENTS = Statement(
    sa.select(
        *(column for column in movement.c if column.name != "admission_id"), placement.c.entered_in_error
    )
    .join(placement, placement.c.admission_id == movement.c.admission_id)
    .where(movement.c.admission_id == sa.bindparam("of_id"))
    .order_by(movement.c.moved_at)
)


def placement_view(row: Row) -> dict[str, Any]:
    """A placement as the API shows it."""
    view = dict(row)
    if view.pop("lapsed"):
        view |= {"hold_id": None, "held_until": None, "bed_id": None, "offer_id": None}
    return view


# Departures
DEPARTURE_REASONS = Statement(sa.select(*departure_reason.c).order_by(departure_reason.c.code))
