"""Who waits for a bed, who goes first and how long each has waited; and who is expected, with or without a bed.

waiting time = now - when the bed was wanted (`requested_at` of the want), also where a hold came and went in between.

Whose turn it is goes by the same order as the offers of beds: `QUEUE_ORDER`. Those who get no bed by themselves (their
hold was released or is over, their arrival was reversed) come after all others of their department, until a person
holds a bed for them; so do those for whom a bed is reserved, until its time has come. Why each has none is told beside
(`unplaced`).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.dialects.postgresql import UUID as Uuid

from beds.domain.placement import PlacementState, Priority, Unplaced
from beds.domain.reservation import ReservationState
from beds.domain.rules import Rule
from beds.domain.transfer import PENDING
from beds.models import bed, department, offer, placement, reservation, transfer
from beds.records import QUEUE_ORDER, WANTED_AT
from beds.records.free import IS_NO_COT, is_free
from beds.records.offers import refusal_once
from beds.records.over import is_hold_over, is_transfer_over, wanted_in
from beds.reports.asking import Report
from beds.reports.counting import mean, median, minutes_between, rounded
from beds.reports.unplaced import Why, with_reasons
from common.paging import Listing, optional
from common.statements import constant

Column = sa.ColumnElement[Any]


class WaitingRow(BaseModel):
    """A patient without a bed."""

    turn: int = Field(description="who goes first in the department, from 1")
    admission_id: UUID
    patient_id: UUID
    department_id: UUID
    priority: Priority | None
    ready: bool | None
    refusal: Unplaced
    wanted_at: datetime
    waiting_minutes: float
    why: Why = Field(
        description="what the patient waits for: a bed to become free, one to suit, the `turn` in the queue, another "
        "one than was `offered_before`, to be ready to move, a bed that is reserved, or a `person` who holds one"
    )
    free_beds: int = Field(description="beds of the department that are free; where one is named, that one")
    suitable_beds: int = Field(description="those of them that no hard or overridable rule is against")
    ruled_out: dict[Rule, int] = Field(description="how many of them each rule rules out")


class ExpectedRow(BaseModel):
    """A patient who is to arrive: queued, with a bed held until then or reserved for later, or by a transfer."""

    admission_id: UUID
    patient_id: UUID
    department_id: UUID
    state: PlacementState
    bed_id: UUID | None
    held_until: datetime | None
    priority: Priority | None
    ready: bool | None
    offer_id: UUID | None = Field(description="the bed is offered, and nobody has decided yet")
    transfer_id: UUID | None
    wanted_at: datetime
    waiting_minutes: float
    reservation_id: UUID | None
    reserved_bed_id: UUID | None
    reserved_from: datetime | None
    reserved_until: datetime | None


class QueueOfDepartment(BaseModel):
    """How many wait for a department and for how long, and what it has for them."""

    department_id: UUID
    code: str
    waiting: int
    emergency: int
    urgent: int
    elective: int
    waiting_for_a_person: int = Field(description="get no bed by themselves")
    longest_minutes: float | None
    mean_minutes: float | None
    median_minutes: float | None
    held: int = Field(description="patients who are to arrive in a bed that is held for them")
    available_beds: int


_now = sa.func.statement_timestamp()
_over = is_hold_over(_now)


def _while_held(value: Column) -> Column:
    """None for a hold that is over."""
    return sa.case((_over, None), else_=value)


_OF_THE_QUEUE = (
    placement.c.needs,
    sa.cast(placement.c.want["bed_id"].astext, Uuid).label("wanted_bed_id"),
    sa.select(sa.func.array_agg(offer.c.bed_id))
    .where(offer.c.admission_id == placement.c.admission_id, offer.c.want_version == placement.c.want_version)
    .correlate(placement)
    .scalar_subquery()
    .label("had"),
    *(column.label(f"order_{n}") for n, column in enumerate(QUEUE_ORDER)),
)
_reserved = (
    reservation.c.id.label("reservation_id"),
    reservation.c.bed_id.label("reserved_bed_id"),
    reservation.c.starts_at.label("reserved_from"),
    reservation.c.ends_at.label("reserved_until"),
)
#: Everybody who is to arrive, as the clock has it.
_waits_or_holds = (
    sa.select(
        placement.c.admission_id,
        placement.c.patient_id,
        sa.case((_over, wanted_in), else_=placement.c.department_id).label("department_id"),
        sa.case((_over, constant(PlacementState.QUEUED)), else_=placement.c.state).label("state"),
        _while_held(placement.c.bed_id).label("bed_id"),
        _while_held(placement.c.held_until).label("held_until"),
        placement.c.want["priority"].astext.label("priority"),
        sa.cast(placement.c.want["ready"], sa.Boolean).label("ready"),
        refusal_once(_over).label("refusal"),
        _while_held(placement.c.offer_id).label("offer_id"),
        sa.null().cast(Uuid).label("transfer_id"),
        WANTED_AT.label("wanted_at"),
        minutes_between(WANTED_AT, _now).label("waiting_minutes"),
        *_reserved,
        *_OF_THE_QUEUE,
    )
    .select_from(
        placement.outerjoin(
            reservation,
            sa.and_(
                reservation.c.id == placement.c.reservation_id,
                reservation.c.state == constant(ReservationState.RESERVED),
                reservation.c.ends_at > _now,
            ),
        )
    )
    .where(placement.c.state.in_([constant(PlacementState.QUEUED), constant(PlacementState.HELD)]))
)
_transfer_over = is_transfer_over(_now)
_is_transferred = sa.select(
    placement.c.admission_id,
    placement.c.patient_id,
    transfer.c.department_id,
    placement.c.state,
    sa.case((_transfer_over, None), else_=transfer.c.bed_id).label("bed_id"),
    sa.case((_transfer_over, None), else_=transfer.c.held_until).label("held_until"),
    placement.c.want["priority"].astext.label("priority"),
    sa.cast(placement.c.want["ready"], sa.Boolean).label("ready"),
    placement.c.refusal,
    placement.c.offer_id,
    transfer.c.id.label("transfer_id"),
    transfer.c.requested_at.label("wanted_at"),
    minutes_between(transfer.c.requested_at, _now).label("waiting_minutes"),
    *(sa.cast(sa.null(), column.type).label(column.name) for column in _reserved),  # only for who waits
    *_OF_THE_QUEUE,
).where(
    transfer.c.state.in_([constant(state) for state in PENDING]),
    placement.c.admission_id == transfer.c.admission_id,
)
_expected = sa.union_all(_waits_or_holds, _is_transferred).cte("expected")
ARRIVALS_EXPECTED = Report(
    "arrivals_expected",
    Listing(
        sa.select(*_expected.c).where(optional(_expected.c.department_id, "department_id")),
        key=_expected.c.admission_id,
        orders={"wanted_at": _expected.c.wanted_at},
        default="wanted_at",
    ),
    ExpectedRow,
)

_no_bed_by_itself = sa.func.coalesce(_expected.c.refusal != constant(Unplaced.NO_BED), sa.true())
_has_reservation = _expected.c.reservation_id.is_not(None)
_for_a_person = sa.and_(_no_bed_by_itself, sa.not_(_has_reservation))
_turn = sa.func.row_number().over(
    partition_by=_expected.c.department_id,
    order_by=[
        sa.or_(_no_bed_by_itself, _has_reservation),
        *(_expected.c[f"order_{n}"] for n in range(len(QUEUE_ORDER))),
    ],
)
_queue = (
    sa.select(*_expected.c, sa.cast(_turn, sa.Integer).label("turn"))
    .where(
        _expected.c.state == constant(PlacementState.QUEUED),
        optional(_expected.c.department_id, "department_id"),
    )
    .subquery("queue")
)
QUEUE = Report(
    "queue",
    Listing(
        sa.select(*_queue.c),
        key=_queue.c.admission_id,
        orders={"turn": _queue.c.turn, "wanted_at": _queue.c.wanted_at},
        default="turn",
    ),
    WaitingRow,
    with_reasons,
)

_waits = _expected.c.state == constant(PlacementState.QUEUED)


def _waiting(*conditions: Column) -> Column:
    return sa.func.count().filter(_waits, *conditions)


_waited = _expected.c.waiting_minutes
_available_beds = (
    sa.select(sa.func.count())
    .where(bed.c.department_id == department.c.id, is_free(_now), IS_NO_COT)
    .correlate(department)
    .scalar_subquery()
)
_by_department = (
    sa.select(
        department.c.id.label("department_id"),
        department.c.code,
        _waiting().label("waiting"),
        *(_waiting(_expected.c.priority == constant(word)).label(word) for word in Priority),
        _waiting(_for_a_person).label("waiting_for_a_person"),
        rounded(sa.func.max(_waited).filter(_waits)).label("longest_minutes"),
        mean(_waited, _waits).label("mean_minutes"),
        median(_waited, _waits).label("median_minutes"),
        sa.func.count().filter(_expected.c.state == constant(PlacementState.HELD)).label("held"),
        _available_beds.label("available_beds"),
    )
    .select_from(department.outerjoin(_expected, _expected.c.department_id == department.c.id))
    .where(department.c.state == constant("open"), optional(department.c.id, "department_id"))
    .group_by(department.c.id)
)
QUEUE_BY_DEPARTMENT = Report(
    "queue_by_department",
    Listing(
        _by_department,
        key=department.c.id.label("department_id"),
        orders={"code": department.c.code},
        default="code",
    ),
    QueueOfDepartment,
)
