"""The movements of a patient across all admissions, of a bed, or of a department."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field

from beds.models import bed, movement, placement
from beds.reports.asking import Report
from common.columns import Moment
from common.paging import Listing, optional

_since: sa.BindParameter[Any] = sa.bindparam("since", type_=Moment)
_until: sa.BindParameter[Any] = sa.bindparam("until", type_=Moment)
#: It happened in the period, by the time that people report.
happened_within = sa.and_(
    sa.or_(_since.is_(None), movement.c.occurred_at >= _since),
    sa.or_(_until.is_(None), movement.c.occurred_at < _until),
)


class MovementRow(BaseModel):
    id: UUID
    admission_id: UUID
    patient_id: UUID
    kind: str
    from_bed_id: UUID | None
    from_department_id: UUID | None
    to_bed_id: UUID | None
    to_department_id: UUID | None
    occurred_at: datetime
    moved_at: datetime
    moved_by: str
    reason_code: str | None
    reverses: UUID | None
    entered_in_error: bool = Field(description="of an admission that should never have been")


_from, _to = bed.alias("from_bed"), bed.alias("to_bed")
_department: sa.BindParameter[Any] = sa.bindparam("department_id", type_=bed.c.id.type)
_bed: sa.BindParameter[Any] = sa.bindparam("bed_id", type_=bed.c.id.type)
_movements = (
    sa.select(
        *movement.c,
        placement.c.patient_id,
        placement.c.entered_in_error,
        _from.c.department_id.label("from_department_id"),
        _to.c.department_id.label("to_department_id"),
    )
    .select_from(
        movement.join(placement, placement.c.admission_id == movement.c.admission_id)
        .outerjoin(_from, _from.c.id == movement.c.from_bed_id)
        .outerjoin(_to, _to.c.id == movement.c.to_bed_id)
    )
    .where(
        happened_within,
        optional(placement.c.patient_id, "patient_id"),
        sa.or_(_bed.is_(None), movement.c.from_bed_id == _bed, movement.c.to_bed_id == _bed),
        sa.or_(
            _department.is_(None), _from.c.department_id == _department, _to.c.department_id == _department
        ),
    )
)
MOVEMENTS = Report(
    "movements",
    Listing(
        _movements,
        key=movement.c.id,
        orders={"occurred_at": movement.c.occurred_at, "moved_at": movement.c.moved_at},
        default="occurred_at",
    ),
    MovementRow,
)
