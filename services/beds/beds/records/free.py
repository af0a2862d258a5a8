"""When a bed is free, written once: `at` is the clock that a statement goes by.

A read goes by the moment of its statement. A statement that locks goes by a moment that was read before: a clock in
its WHERE would be that of before the wait.
"""

from typing import Any

import sqlalchemy as sa

from beds.domain.bed import BedState
from beds.models import bed
from common.statements import constant

Column = sa.ColumnElement[Any]


def is_lapsed(at: Column) -> "sa.ColumnElement[bool]":
    """Its hold is past its end, swept or not."""
    return sa.and_(bed.c.state == constant(BedState.HELD), bed.c.held_until <= at)


def state_at(at: Column) -> Column:
    """The state that the clock has it in."""
    return sa.case((is_lapsed(at), constant(BedState.AVAILABLE)), else_=bed.c.state)


def is_free(at: Column) -> "sa.ColumnElement[bool]":
    """Somebody who waits may be given it."""
    return sa.or_(bed.c.state == constant(BedState.AVAILABLE), is_lapsed(at))
