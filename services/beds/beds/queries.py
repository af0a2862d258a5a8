"""Reads: one statement each, rows shaped for the answer. A hold that is past its end is shown as none."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid, array

from beds import records
from beds.domain.bed import STATUS, BedState
from beds.domain.cleaning import OPEN, CleaningPriority
from beds.domain.offer import OfferState
from beds.domain.placement import PlacementState
from beds.domain.reservation import ReservationState
from beds.domain.transfer import TransferState
from beds.models import (
    bed,
    cleaning_job,
    department,
    departure_reason,
    movement,
    occupancy,
    offer,
    placement,
    reservation,
    room,
    transfer,
)
from beds.records import offers
from beds.records.free import is_lapsed, state_at
from common.db import Reader
from common.paging import Listing, optional
from common.policies import within
from common.statements import Statement, constant

Row = Any

_clock = sa.func.clock_timestamp()


def _any_of(column: "sa.ColumnElement[Any]", name: str) -> "sa.ColumnElement[bool]":
    words: sa.BindParameter[Any] = sa.bindparam(name, type_=ARRAY(sa.Text))
    return sa.or_(words.is_(None), column == sa.any_(words))


# Departments and rooms
_departments = sa.select(*department.c).where(_any_of(department.c.state, "states"))
DEPARTMENTS = Listing(_departments, key=department.c.id, orders={"code": department.c.code}, default="code")
DEPARTMENT = Statement(sa.select(*department.c).where(department.c.id == sa.bindparam("of_id")))

_rooms = sa.select(*room.c).where(
    optional(room.c.department_id, "department_id"), optional(room.c.active, "active")
)
ROOMS = Listing(_rooms, key=room.c.id, orders={"code": room.c.code}, default="code")
ROOM = Statement(sa.select(*room.c).where(room.c.id == sa.bindparam("of_id")))

# Beds
_lapsed, _state = is_lapsed(_clock), state_at(_clock)
_bed_columns = [column for column in bed.c if column.name not in ("state", "came_from", "soiled_by")]
_beds = sa.select(*_bed_columns, _state.label("state"), sa.func.coalesce(_lapsed, sa.false()).label("lapsed"))
_filtered_beds = _beds.where(
    optional(bed.c.department_id, "department_id"),
    optional(bed.c.room_id, "room_id"),
    _any_of(_state, "states"),
)
BEDS = Listing(
    _filtered_beds,
    key=bed.c.id,
    orders={"code": bed.c.code, "since": bed.c.since, "changed_at": bed.c.changed_at},
    default="code",
)
BED = Statement(_beds.where(bed.c.id == sa.bindparam("of_id")))
PLACE_OF_BED = Statement(
    sa.select(bed.c.department_id, bed.c.cot_of_bed_id).where(bed.c.id == sa.bindparam("of_bed"))
)
COTS_OF = Statement(
    sa.select(bed.c.id).where(bed.c.cot_of_bed_id == sa.any_(sa.bindparam("of_beds", type_=ARRAY(Uuid))))
)
NEWBORNS_WITH = Statement(
    sa.select(bed.c.admission_id)
    .join(placement, placement.c.bed_id == bed.c.cot_of_bed_id)
    .where(
        placement.c.admission_id == sa.bindparam("of_admission"), bed.c.state == constant(BedState.OCCUPIED)
    )
)
OPEN_COTS_OF = Statement(
    sa.select(bed.c.id).where(
        bed.c.cot_of_bed_id == sa.bindparam("of_bed"), bed.c.state != constant(BedState.CLOSED)
    )
)
BEDS_OF_DEPARTMENT = Statement(
    sa.select(bed.c.id).where(bed.c.department_id == sa.bindparam("of_department"))
)
BEDS_OF_ROOM = Statement(
    sa.select(bed.c.id).where(
        bed.c.room_id == sa.bindparam("of_room"), bed.c.state != constant(BedState.CLOSED)
    )
)

_BEDS_BY_STATE = Statement(sa.select(_state.label("state"), sa.func.count().label("beds")).group_by(_state))


async def beds_by_state(reader: Reader) -> dict[str, int]:
    """How many beds are in each state, zeros included."""
    counted = {row["state"]: row["beds"] for row in await reader.all(_BEDS_BY_STATE)}
    return {state.value: counted.get(state, 0) for state in BedState}


def bed_view(row: Row) -> dict[str, Any]:
    """A bed as the API shows it, with the words of contract §3."""
    view = dict(row)
    if view.pop("lapsed"):
        view |= {
            "hold_id": None,
            "held_until": None,
            "admission_id": None,
            "patient_id": None,
            "overridden": [],
        }
    status, hl7_status = STATUS[view["state"]]
    return view | {"status": status, "hl7_status": hl7_status, "held": view["state"] == BedState.HELD}


# Holds
_hold_end = sa.func.upper(occupancy.c.period)
HOLD = Statement(
    sa.select(
        occupancy.c.id,
        occupancy.c.bed_id,
        occupancy.c.admission_id,
        sa.func.lower(occupancy.c.period).label("held_from"),
        _hold_end.label("held_until"),
        (_hold_end > _clock).label("live"),
    ).where(occupancy.c.id == sa.bindparam("of_id"))
)
HOLD_OF = Statement(
    sa.select(occupancy.c.admission_id).where(
        occupancy.c.id == sa.bindparam("hold_id"),
        occupancy.c.bed_id == sa.bindparam("of_bed"),
        occupancy.c.kind == constant("hold"),
    )
)

# Placements
_hold_over = sa.and_(placement.c.state == constant(PlacementState.HELD), placement.c.held_until <= _clock)
_place_state = sa.case((_hold_over, constant(PlacementState.QUEUED)), else_=placement.c.state)
_refusal = offers.refusal_once(_hold_over)
_wanted_department = sa.cast(placement.c.want["department_id"].astext, Uuid)
_department = sa.case((_hold_over, _wanted_department), else_=placement.c.department_id)
_filtered: sa.BindParameter[Any] = sa.bindparam("department_id", type_=Uuid)
_in_department = sa.or_(  # spelled out, so that an index serves both
    _filtered.is_(None),
    sa.and_(placement.c.department_id == _filtered, sa.not_(_hold_over)),
    sa.and_(_hold_over, _wanted_department == _filtered),
)
_placement_columns = [c for c in placement.c if c.name not in ("state", "refusal", "department_id")]
_placements = sa.select(
    *_placement_columns,
    _place_state.label("state"),
    _refusal.label("refusal"),
    _department.label("department_id"),
    sa.func.coalesce(_hold_over, sa.false()).label("lapsed"),
)
PLACEMENTS = Listing(
    _placements.where(_in_department, _any_of(_place_state, "states")),
    key=placement.c.admission_id,
    orders={"since": placement.c.since, "changed_at": placement.c.changed_at},
    default="since",
)
PLACEMENT = Statement(_placements.where(placement.c.admission_id == sa.bindparam("of_id")))
MOVEMENTS = Statement(
    sa.select(
        *(column for column in movement.c if column.name != "admission_id"), placement.c.entered_in_error
    )
    .join(placement, placement.c.admission_id == movement.c.admission_id)
    .where(movement.c.admission_id == sa.bindparam("of_id"))
    .order_by(movement.c.moved_at)
)


# Departures
DEPARTURE_REASONS = Statement(sa.select(*departure_reason.c).order_by(departure_reason.c.code))


# Repair: what is published again each day
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


def placement_view(row: Row) -> dict[str, Any]:
    """A placement as the API shows it."""
    view = dict(row)
    if view.pop("lapsed"):
        view |= {"hold_id": None, "held_until": None, "bed_id": None, "offer_id": None}
    return view


# Offers
_offer_state = offers.state_at(_clock)
_is_decided = _offer_state != constant(OfferState.OFFERED)
OFFERS = Listing(
    sa.select(
        *(column for column in offer.c if column.name not in ("state", "decided_at")),
        _offer_state.label("state"),
        sa.case((_is_decided, sa.func.coalesce(offer.c.decided_at, offer.c.offered_until))).label(
            "decided_at"
        ),
    ).where(
        *(optional(offer.c[name], name) for name in ("department_id", "admission_id", "bed_id")),
        _any_of(_offer_state, "states"),
    ),
    key=offer.c.id,
    orders={"offered_at": offer.c.offered_at},
    default="-offered_at",
)


# Transfers
_transfer_over = sa.and_(
    transfer.c.state == constant(TransferState.ACCEPTED), transfer.c.held_until <= _clock
)
_transfer_state = sa.case((_transfer_over, constant(TransferState.REQUESTED)), else_=transfer.c.state)
_transfers = sa.select(
    *(column for column in transfer.c if column.name != "state"),
    _transfer_state.label("state"),
    sa.func.coalesce(_transfer_over, sa.false()).label("lapsed"),
)
TRANSFERS = Listing(
    _transfers.where(optional(transfer.c.department_id, "department_id"), _any_of(_transfer_state, "states")),
    key=transfer.c.id,
    orders={"requested_at": transfer.c.requested_at},
    default="requested_at",
)
TRANSFER = Statement(_transfers.where(transfer.c.id == sa.bindparam("of_id")))
ADMISSION_OF_TRANSFER = Statement(
    sa.select(transfer.c.admission_id).where(transfer.c.id == sa.bindparam("of_transfer"))
)


def transfer_view(row: Row) -> dict[str, Any]:
    """A transfer as the API shows it: a hold that is over is none."""
    view = dict(row)
    if view.pop("lapsed"):
        view |= {"hold_id": None, "held_until": None, "bed_id": None}
    return view


# Reservations
_reserved = reservation.c.state == constant(ReservationState.RESERVED)
_reservation_over = sa.and_(_reserved, reservation.c.ends_at <= _clock)
_reservation_state = sa.case(
    (_reservation_over, constant(ReservationState.EXPIRED)), else_=reservation.c.state
)
_reservations = sa.select(
    *(column for column in reservation.c if column.name != "state"),
    _reservation_state.label("state"),
    _reservation_over.label("lapsed"),
)
RESERVATIONS = Listing(
    _reservations.where(
        *(optional(reservation.c[name], name) for name in ("department_id", "bed_id", "admission_id")),
        _any_of(_reservation_state, "states"),
    ),
    key=reservation.c.id,
    orders={"starts_at": reservation.c.starts_at, "changed_at": reservation.c.changed_at},
    default="starts_at",
)
RESERVATION = Statement(_reservations.where(reservation.c.id == sa.bindparam("of_id")))
ADMISSION_OF_RESERVATION = Statement(
    sa.select(reservation.c.admission_id).where(
        reservation.c.id == sa.bindparam("of_reservation"), reservation.c.bed_id == sa.bindparam("of_bed")
    )
)


def reservation_view(row: Row) -> dict[str, Any]:
    """A reservation as the API shows it: past its end it is expired."""
    view = dict(row)
    del view["lapsed"]
    return view


# Cleaning
_rank = sa.func.array_position(array([constant(word) for word in CleaningPriority]), cleaning_job.c.priority)
_waits_since = sa.cast(sa.extract("epoch", cleaning_job.c.requested_at) * 1_000_000, sa.BigInteger)
#: Most urgent first, then longest waiting, in one number: a rank before the microseconds.
_worklist = sa.cast(_rank, sa.BigInteger) * 10**16 + _waits_since
_is_open = cleaning_job.c.state.in_([constant(word) for word in OPEN])
_jobs = sa.select(*cleaning_job.c, _worklist.label("worklist"), _clock.label("read_at"))
CLEANING_JOBS = Listing(
    _jobs.where(
        within(cleaning_job.c.department_id),
        optional(cleaning_job.c.department_id, "department_id"),
        optional(cleaning_job.c.bed_id, "bed_id"),
        _any_of(cleaning_job.c.state, "states"),
        optional(_is_open, "open"),
    ),
    key=cleaning_job.c.id,
    orders={"worklist": _worklist, "requested_at": cleaning_job.c.requested_at},
    default="worklist",
)


def cleaning_job_view(row: Row) -> dict[str, Any]:
    """A cleaning job as the API shows it: targets are missed by the clock, not by whether it was told."""
    view = dict(row)
    del view["worklist"]
    job = records.cleaning_jobs.read(row).settled(view.pop("read_at"))
    return view | {"missed": job.missed, "due_at": job.due_at}


def cleaning_job_tag(row: Row) -> str:
    return records.cleaning_jobs.read(row).tag(row["read_at"])


CLEANING_JOB = Statement(_jobs.where(cleaning_job.c.id == sa.bindparam("of_id")))
BED_OF_JOB = Statement(sa.select(cleaning_job.c.bed_id).where(cleaning_job.c.id == sa.bindparam("of_job")))
