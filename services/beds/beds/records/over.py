"""When the hold of a placement or of a transfer is over, swept or not. `at` is the clock that a statement goes by."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID as Uuid

from beds.domain.placement import PlacementState
from beds.domain.transfer import TransferState
from beds.models import placement, transfer
from common.statements import constant

Column = sa.ColumnElement[Any]

#: Where a bed is wanted: there its patient waits once the hold is over, wherever that was.
wanted_in = sa.cast(placement.c.want["department_id"].astext, Uuid)


def is_hold_over(at: Column) -> "sa.ColumnElement[bool]":
    return sa.and_(placement.c.state == constant(PlacementState.HELD), placement.c.held_until <= at)


def is_transfer_over(at: Column) -> "sa.ColumnElement[bool]":
    """Accepted, and the bed is not held any more: it is requested again."""
    return sa.and_(transfer.c.state == constant(TransferState.ACCEPTED), transfer.c.held_until <= at)
