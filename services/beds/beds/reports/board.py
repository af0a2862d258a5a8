"""The board of a department: its places, who is in them or waits for them, and its cleaning, in one statement.

PostgreSQL writes the whole answer: forty beds cost one round trip and are encoded once. All of it is of one moment,
the start of the statement, which also decides what the clock decides: a hold that is over, a cleaning that is late.
"""

from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID as Uuid, aggregate_order_by, array

from beds.domain.bed import STATUS, BedState
from beds.domain.cleaning import OPEN, CleaningState, CleaningType
from beds.domain.placement import HERE, PlacementState, Unplaced
from beds.domain.reservation import ReservationState
from beds.domain.transfer import PENDING, TransferState
from beds.models import bed, cleaning_job, department, placement, reservation, room, transfer
from beds.records.free import is_lapsed, state_at
from beds.records.offers import refusal_once
from beds.records.over import is_hold_over, is_transfer_over, wanted_in
from common.columns import in_json
from common.db import Reader
from common.errors import NotFound
from common.statements import Statement, constant

Column = sa.ColumnElement[Any]
Select = sa.Select[Any]

_now = sa.func.statement_timestamp()
_here: sa.BindParameter[Any] = sa.bindparam("of_department", type_=Uuid)


def _shown(*columns: Column) -> list[Column]:
    """Each under its own name, moments as RFC 3339 writes them."""
    return [
        in_json(column).label(column.key) if isinstance(column.type, sa.DateTime) else column
        for column in columns
    ]


def _flags(**conditions: Column) -> Column:
    """The words whose condition holds."""
    words = [sa.case((condition, constant(word))) for word, condition in conditions.items()]
    return sa.func.array_remove(array(words), None).label("flags")


def _list(rows: Select, order: str) -> Column:
    """What is found as a JSON array, never null."""
    found = rows.subquery(f"{order}_ordered")
    together = sa.func.json_agg(aggregate_order_by(found.table_valued(), found.c[order]))
    return sa.select(sa.func.coalesce(together, sa.literal_column("'[]'::json"))).scalar_subquery()


# Rooms that are in use
_rooms = sa.select(
    *_shown(room.c.id, room.c.code, room.c.sex_policy, room.c.negative_pressure, room.c.age_band),
    *_shown(room.c.level_of_care, room.c.specialty),
).where(room.c.department_id == _here, room.c.active)

# Beds that are in the hospital's count
_lapsed = is_lapsed(_now)
_bed = (
    sa.select(
        *(
            column
            for column in bed.c
            if column.name not in ("state", "hold_id", "held_until", "admission_id")
        ),
        state_at(_now).label("state"),
        *(
            sa.case((_lapsed, None), else_=column).label(column.name)
            for column in (bed.c.hold_id, bed.c.held_until, bed.c.admission_id)
        ),
    )
    .where(bed.c.department_id == _here, bed.c.state != constant(BedState.CLOSED))
    .cte("bed_now")
).c


def _word_for(state: Column, part: int) -> Column:
    """The word of contract §3 for a state."""
    return sa.case(
        *((state == constant(one), sa.literal_column(f"'{words[part]}'")) for one, words in STATUS.items())
    )


_beds = sa.select(
    *_shown(_bed.id, _bed.code, _bed.room_id, _bed.state),
    _word_for(_bed.state, 0).label("status"),
    _word_for(_bed.state, 1).label("hl7_status"),
    (_bed.state == constant(BedState.HELD)).label("held"),
    *_shown(_bed.since, _bed.hold_id, _bed.held_until, _bed.admission_id, _bed.last_sanitized_at),
    *_shown(
        _bed.block_reason_code, _bed.return_expected_at, _bed.equipment, _bed.cot_of_bed_id, _bed.version
    ),
    _flags(
        return_overdue=sa.and_(
            _bed.state == constant(BedState.BLOCKED), sa.func.coalesce(_bed.return_expected_at <= _now, False)
        )
    ),
)

# Transfers that are under way, to this department or from it
_transfer_over = is_transfer_over(_now)
_pending = transfer.c.state.in_([constant(state) for state in PENDING])
(_held_until,) = _shown(transfer.c.held_until)
_transfers = sa.select(
    *_shown(transfer.c.id, transfer.c.admission_id),
    placement.c.department_id.label("from_department_id"),  # a move that is taken back changes that
    transfer.c.department_id,
    sa.case((_transfer_over, constant(TransferState.REQUESTED)), else_=transfer.c.state).label("state"),
    sa.case((_transfer_over, None), else_=transfer.c.bed_id).label("bed_id"),
    sa.case((_transfer_over, None), else_=_held_until).label("held_until"),
    sa.func.coalesce(transfer.c.needs, placement.c.needs).label("needs"),
    *_shown(transfer.c.requested_at, transfer.c.version),
).where(
    _pending,
    placement.c.admission_id == transfer.c.admission_id,
    sa.or_(transfer.c.department_id == _here, placement.c.department_id == _here),
)

# Reservations of these beds that are live
_live = sa.and_(
    reservation.c.state == constant(ReservationState.RESERVED),
    reservation.c.ends_at > _now,
    reservation.c.department_id == _here,
)
_reservations = sa.select(
    *_shown(reservation.c.id, reservation.c.bed_id, reservation.c.admission_id),
    *_shown(reservation.c.starts_at, reservation.c.ends_at, reservation.c.version),
).where(_live)

# Placements: who is in these beds, who waits for this department, and who is to come to it
_over = is_hold_over(_now)
_of_this_board = sa.union(
    sa.select(_bed.admission_id).where(_bed.admission_id.is_not(None)),
    sa.select(placement.c.admission_id).where(
        placement.c.department_id == _here,
        placement.c.state.in_([constant(state) for state in (PlacementState.QUEUED, *HERE)]),
    ),
    sa.select(placement.c.admission_id).where(_over, wanted_in == _here),
    sa.select(transfer.c.admission_id).where(_pending, transfer.c.department_id == _here),
    sa.select(reservation.c.admission_id).where(_live),
).subquery()
_state = sa.case((_over, constant(PlacementState.QUEUED)), else_=placement.c.state).label("state")
_refusal = refusal_once(_over).label("refusal")
_has_reserved = sa.exists().where(
    reservation.c.id == placement.c.reservation_id, reservation.c.ends_at > _now
)
_placements = sa.select(
    *_shown(placement.c.admission_id, placement.c.patient_id),
    _state,
    sa.case((_over, wanted_in), else_=placement.c.department_id).label("department_id"),
    *(
        sa.case((_over, None), else_=column).label(column.name)
        for column in (placement.c.bed_id, placement.c.offer_id)
    ),
    *_shown(placement.c.since),
    _refusal,
    *(placement.c.want[name].label(name) for name in ("priority", "ready")),
    *_shown(placement.c.needs, placement.c.version),
    _flags(
        incoming=sa.and_(sa.not_(_over), placement.c.department_id != _here),
        waits_for_a_person=sa.and_(
            _state.element == constant(PlacementState.QUEUED),
            _refusal.element != constant(Unplaced.NO_BED),
            sa.not_(_has_reserved),
        ),
        reserved=_has_reserved,
    ),
).where(placement.c.admission_id == _of_this_board.c.admission_id)

# Cleaning: what is to be done, and what was done and waits to be inspected
_open = cleaning_job.c.state.in_([constant(state) for state in OPEN])
_done = sa.and_(
    cleaning_job.c.state == constant(CleaningState.COMPLETED),
    cleaning_job.c.type == constant(CleaningType.ISOLATION_TERMINAL),
)
_inspected_next = sa.and_(_bed.state == constant(BedState.INSPECT), cleaning_job.c.completed_at == _bed.since)
_jobs = sa.select(
    *_shown(cleaning_job.c.id, cleaning_job.c.bed_id, cleaning_job.c.type, cleaning_job.c.priority),
    *_shown(cleaning_job.c.state, cleaning_job.c.requested_at, cleaning_job.c.accepted_at),
    *_shown(cleaning_job.c.accepted_by, cleaning_job.c.started_at, cleaning_job.c.completed_at),
    *_shown(cleaning_job.c.due_at, cleaning_job.c.version),
    _flags(
        late=sa.or_(
            cleaning_job.c.missed != sa.cast(array([]), cleaning_job.c.missed.type),
            sa.func.coalesce(cleaning_job.c.due_at <= _now, False),
        )
    ),
).where(
    cleaning_job.c.department_id == _here,
    cleaning_job.c.bed_id == _bed.id,
    sa.or_(_open, _done),  # told by the job alone, so that an index finds each
    sa.or_(_open, _inspected_next),
)

_department = sa.select(
    *_shown(department.c.id, department.c.code, department.c.name, department.c.state)
).where(department.c.id == _here)

BOARD = Statement(
    sa.select(
        sa.cast(
            sa.func.json_build_object(
                constant("department"),
                sa.func.row_to_json(_department.subquery("of").table_valued()),
                *(constant("rooms"), _list(_rooms, "code")),
                *(constant("beds"), _list(_beds, "code")),
                *(constant("placements"), _list(_placements, "since")),
                *(constant("transfers"), _list(_transfers, "requested_at")),
                *(constant("reservations"), _list(_reservations, "starts_at")),
                *(constant("cleaning_jobs"), _list(_jobs, "requested_at")),
            ),
            sa.Text,
        ).label("written")
    )
)


async def read_board(reader: Reader, department_id: UUID) -> orjson.Fragment:
    """The board as JSON. Raises `NotFound`."""
    written: str | None = await reader.value(BOARD, of_department=department_id)
    if written is None:
        raise NotFound
    return orjson.Fragment(written)
