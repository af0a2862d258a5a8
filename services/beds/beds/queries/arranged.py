"""Offers, transfers and reservations."""

from typing import Any

import sqlalchemy as sa

from beds.domain.offer import OfferState
from beds.domain.reservation import ReservationState
from beds.domain.transfer import TransferState
from beds.models import (
    offer,
    reservation,
    transfer,
)
from beds.queries.filters import any_of
from beds.records import offers
from beds.records.over import is_transfer_over
from common.paging import Listing, optional
from common.statements import Statement, constant

Row = Any
_clock = sa.func.clock_timestamp()

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
        any_of(_offer_state, "states"),
    ),
    key=offer.c.id,
    orders={"offered_at": offer.c.offered_at},
    default="-offered_at",
)


# Transfers
_transfer_over = is_transfer_over(_clock)
_transfer_state = sa.case((_transfer_over, constant(TransferState.REQUESTED)), else_=transfer.c.state)
_transfers = sa.select(
    *(column for column in transfer.c if column.name != "state"),
    _transfer_state.label("state"),
    sa.func.coalesce(_transfer_over, sa.false()).label("lapsed"),
)
TRANSFERS = Listing(
    _transfers.where(optional(transfer.c.department_id, "department_id"), any_of(_transfer_state, "states")),
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
        any_of(_reservation_state, "states"),
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
