"""Bed turnaround: how long a bed was out of use after a patient.

turnaround = ready again - the patient's leaving of the bed

The usual measure of environmental services: it begins when the bed is empty (departure or move, by the time that people
report), not when the discharge is ordered, and ends when the next patient could have it: cleaned, inspected where it
has to be, or declared ready. Beds that were blocked or closed before they were ready are not counted, nor are those
that the same patient came back to. The bed of a stay that was entered in error was out of use all the same.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from beds.domain.bed import BedState
from beds.models import bed, bed_step, department, movement
from beds.reports.asking import Report
from beds.reports.counting import mean, median, minutes_between
from beds.reports.movements import happened_within
from common.paging import Listing, optional
from common.statements import constant

Select = sa.Select[Any]


class TurnaroundRow(BaseModel):
    id: UUID = Field(description="of the movement that left the bed empty")
    bed_id: UUID
    department_id: UUID
    vacated_at: datetime
    cleaning_started_at: datetime | None = Field(description="null where it was declared ready uncleaned")
    ready_at: datetime
    minutes: float


class TurnaroundsOfDepartment(BaseModel):
    department_id: UUID
    code: str
    turnarounds: int
    mean_minutes: float
    median_minutes: float


_dirty, _later, _cleaned = bed_step.alias("dirty"), bed_step.alias("later"), bed_step.alias("cleaned")
_ENDS = (BedState.AVAILABLE, BedState.OCCUPIED, BedState.BLOCKED, BedState.CLOSED)
_end = (
    sa.select(_later.c.state, _later.c.began_at)
    .where(
        _later.c.bed_id == _dirty.c.bed_id,
        _later.c.began_at > _dirty.c.began_at,
        _later.c.state.in_([constant(state) for state in _ENDS]),
    )
    .order_by(_later.c.began_at)
    .limit(sa.literal_column("1"))
    .correlate(_dirty)
    .lateral("ending")
)
_cleaning_started_at = (
    sa.select(sa.func.min(_cleaned.c.began_at))
    .where(
        _cleaned.c.bed_id == _dirty.c.bed_id,
        _cleaned.c.began_at.between(_dirty.c.began_at, _end.c.began_at),
        _cleaned.c.state == constant(BedState.CLEANING),
    )
    .correlate(_dirty, _end)
    .scalar_subquery()
)
_minutes = minutes_between(movement.c.occurred_at, _end.c.began_at)


def _of_turnarounds(*columns: Any) -> Select:
    return (
        sa.select(*columns)
        .select_from(
            movement.join(bed, bed.c.id == movement.c.from_bed_id)
            .join(department, department.c.id == bed.c.department_id)
            .join(
                _dirty,
                sa.and_(
                    _dirty.c.bed_id == movement.c.from_bed_id,
                    _dirty.c.began_at == movement.c.moved_at,
                    _dirty.c.state == constant(BedState.DIRTY),
                ),
            )
            .join(_end, _end.c.state == constant(BedState.AVAILABLE))
        )
        .where(happened_within, optional(bed.c.department_id, "department_id"))
    )


_turnarounds = _of_turnarounds(
    *(movement.c.id, bed.c.id.label("bed_id"), bed.c.department_id),
    movement.c.occurred_at.label("vacated_at"),
    _cleaning_started_at.label("cleaning_started_at"),
    *(_end.c.began_at.label("ready_at"), _minutes.label("minutes")),
)
TURNAROUNDS = Report(
    "turnarounds",
    Listing(
        _turnarounds,
        key=movement.c.id,
        orders={"vacated_at": movement.c.occurred_at, "ready_at": _end.c.began_at, "minutes": _minutes},
        default="vacated_at",
    ),
    TurnaroundRow,
)

_by_department = _of_turnarounds(
    *(department.c.id.label("department_id"), department.c.code, sa.func.count().label("turnarounds")),
    *(mean(_minutes).label("mean_minutes"), median(_minutes).label("median_minutes")),
).group_by(department.c.id)
TURNAROUNDS_BY_DEPARTMENT = Report(
    "turnarounds_by_department",
    Listing(
        _by_department,
        key=department.c.id.label("department_id"),
        orders={"code": department.c.code},
        default="code",
    ),
    TurnaroundsOfDepartment,
)
