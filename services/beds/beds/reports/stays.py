"""Length of stay.

length of stay = time of departure - time of arrival, of every stay that ended in the period

As in the OECD's and AHRQ's average length of stay the stays are those that ended: whoever is still there is not counted
yet. Counted in hours rather than midnights, from the times that people report (`occurred_at`), from the arrival in the
first bed to the departure from the last; leave is part of it. A departure that was reversed ends no stay, and an
arrival that was reversed begins none. The department is the one that the patient left from. The stays of an admission
that was entered in error are listed, marked, and counted in no figure.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from beds.domain.movement import MovementKind as K
from beds.models import bed, department, movement, placement
from beds.reports.asking import Report
from beds.reports.counting import hours_between, mean, median
from beds.reports.movements import happened_within
from common.paging import Listing, optional
from common.statements import constant

Select = sa.Select[Any]


class StayRow(BaseModel):
    """A stay that is over."""

    id: UUID
    admission_id: UUID
    patient_id: UUID
    department_id: UUID
    arrived_at: datetime
    left_at: datetime
    hours: float
    reason_code: str | None
    entered_in_error: bool = Field(description="should never have been, and counts in no figure")


class StaysOfDepartment(BaseModel):
    """The stays that ended in a department; average length of stay = hours of all of them / how many they were."""

    department_id: UUID
    code: str
    stays: int
    mean_hours: float
    median_hours: float


_arrival, _again, _reversal = (movement.alias(name) for name in ("arrival", "again", "reversal"))


def _is_reversed(taken_back: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.exists().where(_reversal.c.reverses == taken_back.c.id).correlate(taken_back)


_first_arrival = (
    sa.select(_arrival.c.occurred_at)
    .where(
        _arrival.c.admission_id == movement.c.admission_id,
        _arrival.c.kind == constant(K.ARRIVAL),
        _arrival.c.moved_at < movement.c.moved_at,
        sa.not_(_is_reversed(_arrival)),
    )
    .order_by(_arrival.c.moved_at)
    .limit(sa.literal_column("1"))
    .correlate(movement)
    .lateral("first_arrival")
)
#: A departure with an arrival after it was reversed (A13): the patient had not left.
_arrived_again = sa.exists().where(
    _again.c.admission_id == movement.c.admission_id,
    _again.c.kind == constant(K.ARRIVAL),
    _again.c.moved_at > movement.c.moved_at,
    sa.not_(_is_reversed(_again)),
)
_hours = hours_between(_first_arrival.c.occurred_at, movement.c.occurred_at)
_ended = (
    movement.c.kind == constant(K.DEPARTURE),
    sa.not_(_arrived_again),
    happened_within,
    optional(bed.c.department_id, "department_id"),
)


def _of_stays(*columns: Any) -> Select:
    return (
        sa.select(*columns)
        .select_from(
            movement.join(placement, placement.c.admission_id == movement.c.admission_id)
            .join(bed, bed.c.id == movement.c.from_bed_id)
            .join(department, department.c.id == bed.c.department_id)
            .join(_first_arrival, sa.true())
        )
        .where(*_ended)
    )


_left_at = movement.c.occurred_at.label("left_at")
_stays = _of_stays(
    *(movement.c.id, movement.c.admission_id, placement.c.patient_id, bed.c.department_id),
    _first_arrival.c.occurred_at.label("arrived_at"),
    *(_left_at, _hours.label("hours"), movement.c.reason_code, placement.c.entered_in_error),
)
STAYS = Report(
    "lengths_of_stay",
    Listing(
        _stays,
        key=movement.c.id,
        orders={"left_at": movement.c.occurred_at, "hours": _hours},
        default="left_at",
    ),
    StayRow,
)

_by_department = (
    _of_stays(
        *(department.c.id.label("department_id"), department.c.code, sa.func.count().label("stays")),
        *(mean(_hours).label("mean_hours"), median(_hours).label("median_hours")),
    )
    .where(sa.not_(placement.c.entered_in_error))
    .group_by(department.c.id)
)
STAYS_BY_DEPARTMENT = Report(
    "lengths_of_stay_by_department",
    Listing(
        _by_department,
        key=department.c.id.label("department_id"),
        orders={"code": department.c.code},
        default="code",
    ),
    StaysOfDepartment,
)
