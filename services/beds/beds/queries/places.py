"""Departments, rooms and beds."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid

from beds.domain.bed import STATUS, BedState
from beds.models import (
    bed,
    department,
    occupancy,
    placement,
    room,
)
from beds.queries.filters import any_of
from beds.records.free import is_lapsed, state_at
from common.db import Reader
from common.paging import Listing, optional
from common.statements import Statement, constant

Row = Any
_clock = sa.func.clock_timestamp()

# Departments and rooms
_departments = sa.select(*department.c).where(any_of(department.c.state, "states"))
DEPARTMENTS = Listing(_departments, key=department.c.id, orders={"code": department.c.code}, default="code")
DEPARTMENT = Statement(sa.select(*department.c).where(department.c.id == sa.bindparam("of_id")))

_rooms = sa.select(*room.c).where(
    optional(room.c.department_id, "department_id"), optional(room.c.active, "active")
)
ROOMS = Listing(_rooms, key=room.c.id, orders={"code": room.c.code}, default="code")
ROOM = Statement(sa.select(*room.c).where(room.c.id == sa.bindparam("of_id")))

# Beds
_lapsed, _state = is_lapsed(_clock), state_at(_clock)
_bed_columns = [column for column in bed.c if column.name not in ("state", "came_from", "soiled_by")]
_beds = sa.select(*_bed_columns, _state.label("state"), sa.func.coalesce(_lapsed, sa.false()).label("lapsed"))
_filtered_beds = _beds.where(
    optional(bed.c.department_id, "department_id"),
    optional(bed.c.room_id, "room_id"),
    any_of(_state, "states"),
)
BEDS = Listing(
    _filtered_beds,
    key=bed.c.id,
    orders={"code": bed.c.code, "since": bed.c.since, "changed_at": bed.c.changed_at},
    default="code",
)
BED = Statement(_beds.where(bed.c.id == sa.bindparam("of_id")))
PLACE_OF_BED = Statement(
    sa.select(bed.c.department_id, bed.c.cot_of_bed_id).where(bed.c.id == sa.bindparam("of_bed"))
)
COTS_OF = Statement(
    sa.select(bed.c.id).where(bed.c.cot_of_bed_id == sa.any_(sa.bindparam("of_beds", type_=ARRAY(Uuid))))
)
_in_cot, _in_bed = occupancy.alias("in_cot"), occupancy.alias("in_bed")
_somebody_else_since = sa.exists().where(
    _in_bed.c.bed_id == placement.c.bed_id,
    _in_bed.c.kind == constant("stay"),
    _in_bed.c.admission_id != placement.c.admission_id,
    _in_bed.c.period.op("&&")(sa.func.tstzrange(sa.func.lower(_in_cot.c.period), None)),
)
#: In the cots of the patient's bed, if nobody else has been in that bed since they came: else they are another's.
NEWBORNS_WITH = Statement(
    sa.select(bed.c.admission_id)
    .join(placement, placement.c.bed_id == bed.c.cot_of_bed_id)
    .join(
        _in_cot,
        sa.and_(
            _in_cot.c.bed_id == bed.c.id,
            _in_cot.c.kind == constant("stay"),
            sa.func.upper_inf(_in_cot.c.period),
        ),
    )
    .where(
        placement.c.admission_id == sa.bindparam("of_admission"),
        bed.c.state == constant(BedState.OCCUPIED),
        sa.not_(_somebody_else_since),
    )
)
OPEN_COTS_OF = Statement(
    sa.select(bed.c.id).where(
        bed.c.cot_of_bed_id == sa.bindparam("of_bed"), bed.c.state != constant(BedState.CLOSED)
    )
)
BEDS_OF_DEPARTMENT = Statement(
    sa.select(bed.c.id).where(bed.c.department_id == sa.bindparam("of_department"))
)
BEDS_OF_ROOM = Statement(
    sa.select(bed.c.id).where(
        bed.c.room_id == sa.bindparam("of_room"), bed.c.state != constant(BedState.CLOSED)
    )
)

_BEDS_BY_STATE = Statement(sa.select(_state.label("state"), sa.func.count().label("beds")).group_by(_state))


async def beds_by_state(reader: Reader) -> dict[str, int]:
    """How many beds are in each state, zeros included."""
    counted = {row["state"]: row["beds"] for row in await reader.all(_BEDS_BY_STATE)}
    return {state.value: counted.get(state, 0) for state in BedState}


def bed_view(row: Row) -> dict[str, Any]:
    """A bed as the API shows it, with the words of contract §3."""
    view = dict(row)
    if view.pop("lapsed"):
        view |= {
            "hold_id": None,
            "held_until": None,
            "admission_id": None,
            "patient_id": None,
            "overridden": [],
        }
    status, hl7_status = STATUS[view["state"]]
    return view | {"status": status, "hl7_status": hl7_status, "held": view["state"] == BedState.HELD}
