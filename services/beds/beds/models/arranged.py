"""What is arranged for a placement: offers, transfers, reservations."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from beds.domain.offer import OfferState
from beds.domain.reservation import ReservationState
from beds.domain.transfer import PENDING, TransferState
from beds.models.metadata import metadata
from common.columns import Moment, one_of, sql_words, version_columns

offer = sa.Table(
    "offer",
    metadata,
    sa.Column("id", UUID, sa.ForeignKey("occupancy.id"), primary_key=True, comment="its hold"),
    sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
    sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("want_version", sa.BigInteger, nullable=False),
    sa.Column("offered_at", Moment, nullable=False),
    sa.Column("offered_until", Moment, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.Text),
    one_of("state", OfferState),
    sa.CheckConstraint("(state = 'offered') = (decided_at IS NULL)", name="decided_or_offered"),
    sa.CheckConstraint("(state = 'declined') = (reason_code IS NOT NULL)", name="declined_for_a_reason"),
    sa.Index(
        "offer_one_open_per_admission",
        "admission_id",
        unique=True,
        postgresql_where=sa.text("state = 'offered'"),
    ),
    sa.Index("offer_once_for_a_want", "admission_id", "want_version", "bed_id", unique=True),
    sa.Index("offer_department", "department_id", "offered_at"),
    sa.Index("offer_bed", "bed_id", "offered_at"),
)


transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
    sa.Column("patient_id", UUID, nullable=False),
    sa.Column("from_department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id")),
    sa.Column("hold_id", UUID),
    sa.Column("held_until", Moment),
    sa.Column("reason_code", sa.Text),
    sa.Column("requested_at", Moment, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("needs", JSONB),
    sa.Column("needs_before", JSONB),
    *version_columns(),
    one_of("state", TransferState),
    sa.CheckConstraint("from_department_id <> department_id", name="another_department"),
    sa.CheckConstraint(
        "(state = 'accepted') = (hold_id IS NOT NULL AND held_until IS NOT NULL)", name="accepted_has_hold"
    ),
    sa.Index(
        "transfer_one_pending_per_admission",
        "admission_id",
        unique=True,
        postgresql_where=sa.text(f"state IN ({sql_words(PENDING)})"),
    ),
    sa.Index("transfer_held_until", "held_until", postgresql_where=sa.text("state = 'accepted'")),
    sa.Index("transfer_department_state", "department_id", "state"),
)


reservation = sa.Table(
    "reservation",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
    sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
    sa.Column("patient_id", UUID, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("starts_at", Moment, nullable=False),
    sa.Column("ends_at", Moment, nullable=False),
    sa.Column("reason_code", sa.Text),
    *version_columns(),
    one_of("state", ReservationState),
    sa.CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
    sa.Index(
        "reservation_one_live_per_admission",
        "admission_id",
        unique=True,
        postgresql_where=sa.text("state = 'reserved'"),
    ),
    sa.Index("reservation_of_bed", "bed_id", "ends_at", postgresql_where=sa.text("state = 'reserved'")),
    sa.Index("reservation_due", "starts_at", postgresql_where=sa.text("state = 'reserved'")),
    sa.Index("reservation_department", "department_id", "starts_at"),
)
