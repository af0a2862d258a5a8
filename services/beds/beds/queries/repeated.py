"""Repair: the keys of what is published again each day."""

import sqlalchemy as sa

from beds.domain.placement import PlacementState
from beds.models import (
    bed,
    department,
    placement,
)
from common.statements import Statement, constant

_clock = sa.func.clock_timestamp()

DEPARTMENT_KEYS = Statement(sa.select(department.c.id.label("key")))
BED_KEYS = Statement(sa.select(bed.c.id.label("key")))
PLACEMENT_KEYS = Statement(
    sa.select(placement.c.admission_id.label("key")).where(
        sa.or_(
            placement.c.state.not_in([constant(PlacementState.LEFT), constant(PlacementState.WITHDRAWN)]),
            placement.c.changed_at > _clock - sa.text("interval '30 days'"),
        )
    )
)
