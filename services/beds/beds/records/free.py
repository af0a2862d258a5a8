"""When a bed is free, written once: `at` is the clock that a statement goes by.

A read goes by the moment of its statement. A statement that locks goes by a moment that was read before: a clock in
its WHERE would be that of before the wait.
"""

from typing import Any

import sqlalchemy as sa

from beds.domain.bed import BedState
from beds.domain.reservation import ReservationState
from beds.models import bed, reservation
from common.statements import constant

Column = sa.ColumnElement[Any]


def is_lapsed(at: Column) -> "sa.ColumnElement[bool]":
    """Its hold is past its end, swept or not."""
    return sa.and_(bed.c.state == constant(BedState.HELD), bed.c.held_until <= at)


def state_at(at: Column) -> Column:
    """The state that the clock has it in."""
    return sa.case((is_lapsed(at), constant(BedState.AVAILABLE)), else_=bed.c.state)


def is_free_to_its_own(at: Column) -> "sa.ColumnElement[bool]":
    """Nobody has it: whoever it is reserved for may have it."""
    return sa.or_(bed.c.state == constant(BedState.AVAILABLE), is_lapsed(at))


def is_unreserved(at: Column) -> "sa.ColumnElement[bool]":
    """Nobody has it reserved, for whatever later time."""
    live = sa.exists().where(
        reservation.c.bed_id == bed.c.id,
        reservation.c.state == constant(ReservationState.RESERVED),
        reservation.c.ends_at > at,
    )
    return sa.not_(live.correlate_except(reservation))


def is_free(at: Column) -> "sa.ColumnElement[bool]":
    """Somebody who waits may be given it. A stay has no end, so a bed that is reserved for later is not free."""
    return sa.and_(is_free_to_its_own(at), is_unreserved(at))


#: A place that counts as a bed.
IS_NO_COT = bed.c.cot_of_bed_id.is_(None)
