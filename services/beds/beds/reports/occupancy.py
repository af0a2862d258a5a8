"""Bed occupancy by department.

bed occupancy rate = occupied bed hours / available bed hours

This is the percentage occupied of NHS England's KH03 return (average occupied beds / average available beds) and WHO's
bed occupancy rate (bed days used / bed days available), counted by the hour and not at midnight. A bed is available
while the hospital can put a patient in it: also while it is held, dirty or being cleaned, and while it is occupied.
Hours blocked or closed are no available hours; they are told beside them. On leave a bed is kept, and so occupied.
Cots are no beds, as in the definitions of WHO and the OECD.

Counted in system time, from the steps of the beds (`bed_step`), which a trigger keeps in the transaction of the step.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from beds.domain.bed import BedState
from beds.models import bed, bed_step, department
from beds.records.free import IS_NO_COT
from beds.reports.asking import Report
from beds.reports.counting import rounded
from common.columns import Moment
from common.paging import Listing, optional
from common.statements import constant

Column = sa.ColumnElement[Any]


class OccupancyView(BaseModel):
    """Hours of beds in a period, which ends now at the latest."""

    department_id: UUID
    code: str
    period_start: datetime
    period_end: datetime
    available_bed_hours: float
    occupied_bed_hours: float
    occupancy_rate: float | None = Field(description="0 to 1; null where no bed was available")
    available_beds: float = Field(description="on average")
    occupied_beds: float = Field(description="on average")
    blocked_bed_hours: float = Field(description="not in the available hours")
    closed_bed_hours: float = Field(description="not in the available hours")


_now = sa.func.statement_timestamp()
_since: sa.BindParameter[Any] = sa.bindparam("since", type_=Moment)
_until: sa.BindParameter[Any] = sa.bindparam("until", type_=Moment)
_ends = sa.func.least(_until, _now)
_starts = sa.func.least(sa.func.coalesce(_since, _ends - sa.text("interval '24 hours'")), _ends)
_asked = sa.select(_starts.label("since"), _ends.label("until")).cte("asked")

_earlier = bed_step.alias()
_step_before = (
    sa.select(sa.func.max(_earlier.c.began_at))
    .where(_earlier.c.bed_id == bed.c.id, _earlier.c.began_at <= _asked.c.since)
    .correlate(bed, _asked)
    .scalar_subquery()
)
#: The states of a bed in the period: the one that it was in at the start, and each that began in it.
_spell = (
    sa.select(
        bed_step.c.state,
        sa.func.greatest(bed_step.c.began_at, _asked.c.since).label("began_at"),
        sa.func.coalesce(
            sa.func.lead(bed_step.c.began_at).over(order_by=bed_step.c.began_at), _asked.c.until
        ).label("ended_at"),
    )
    .where(
        bed_step.c.bed_id == bed.c.id,
        bed_step.c.began_at >= sa.func.coalesce(_step_before, _asked.c.since),
        bed_step.c.began_at < _asked.c.until,
    )
    .correlate(bed, _asked)
    .lateral("spell")
)


def _hours(condition: Column) -> Column:
    seconds = sa.extract("epoch", _spell.c.ended_at - _spell.c.began_at)
    return sa.func.coalesce(sa.func.sum(seconds).filter(condition), 0) / 3600


_occupied = _hours(_spell.c.state == constant(BedState.OCCUPIED))
_blocked = _hours(_spell.c.state == constant(BedState.BLOCKED))
_closed = _hours(_spell.c.state == constant(BedState.CLOSED))
_available = _hours(_spell.c.state.not_in([constant(BedState.BLOCKED), constant(BedState.CLOSED)]))
_length = sa.func.nullif(sa.extract("epoch", _asked.c.until - _asked.c.since) / 3600, 0)


def _on_average(hours: Column) -> Column:
    return sa.func.coalesce(rounded(hours / _length), 0)


_by_department = (
    sa.select(
        department.c.id.label("department_id"),
        department.c.code,
        _asked.c.since.label("period_start"),
        _asked.c.until.label("period_end"),
        rounded(_available).label("available_bed_hours"),
        rounded(_occupied).label("occupied_bed_hours"),
        rounded(_occupied / sa.func.nullif(_available, 0), 4).label("occupancy_rate"),
        _on_average(_available).label("available_beds"),
        _on_average(_occupied).label("occupied_beds"),
        rounded(_blocked).label("blocked_bed_hours"),
        rounded(_closed).label("closed_bed_hours"),
    )
    .select_from(
        department.join(_asked, sa.true())
        .outerjoin(bed, sa.and_(bed.c.department_id == department.c.id, IS_NO_COT))
        .outerjoin(_spell, sa.true())
    )
    .where(optional(department.c.id, "department_id"))
    .group_by(department.c.id, _asked.c.since, _asked.c.until)
)
OCCUPANCY = Report(
    "occupancy",
    Listing(
        _by_department,
        key=department.c.id.label("department_id"),
        orders={"code": department.c.code},
        default="code",
    ),
    OccupancyView,
)
