"""Who is where, was, or is to be: placements, holds and stays, movements."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, UUID, ExcludeConstraint

from beds.domain.movement import MovementKind
from beds.domain.placement import (
    PlacementState,
    Unplaced,
)
from beds.models.metadata import metadata
from common.columns import Moment, one_of, version_columns

placement = sa.Table(
    "placement",
    metadata,
    sa.Column("admission_id", UUID, primary_key=True),
    sa.Column("patient_id", UUID, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("department_id", UUID),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id")),
    sa.Column("hold_id", UUID),
    sa.Column("held_until", Moment),
    sa.Column("since", Moment, nullable=False),
    sa.Column("want", JSONB),
    sa.Column("want_version", sa.BigInteger, nullable=False),
    sa.Column("stay_number", sa.Integer, nullable=False),
    sa.Column("refusal", sa.Text),
    sa.Column("left_reason_code", sa.Text),
    sa.Column("transfer_id", UUID, comment="the pending transfer"),
    sa.Column("reservation_id", UUID, comment="the bed that is reserved for later"),
    sa.Column("needs", JSONB, nullable=False, server_default="{}"),
    sa.Column("offer_id", UUID, comment="the hold, while it is an offer"),
    sa.Column("entered_in_error", sa.Boolean, nullable=False, server_default=sa.false()),
    *version_columns(),
    one_of("state", PlacementState),
    one_of("refusal", Unplaced),
    sa.CheckConstraint(
        "(state IN ('held', 'in_bed', 'on_leave')) = (bed_id IS NOT NULL)", name="placed_has_bed"
    ),
    sa.CheckConstraint(
        "(state = 'held') = (hold_id IS NOT NULL AND held_until IS NOT NULL)", name="held_has_hold"
    ),
    sa.CheckConstraint(
        "transfer_id IS NULL OR state IN ('in_bed', 'on_leave')", name="transfer_of_somebody_here"
    ),
    sa.CheckConstraint("offer_id IS NULL OR offer_id IS NOT DISTINCT FROM hold_id", name="offer_is_the_hold"),
    sa.CheckConstraint(
        "reservation_id IS NULL OR state IN ('queued', 'held')", name="reservation_of_somebody_waiting"
    ),
    sa.Index("placement_queue", "department_id", "since", postgresql_where=sa.text("state = 'queued'")),
    sa.Index("placement_held_until", "held_until", postgresql_where=sa.text("state = 'held'")),
    sa.Index("placement_department_state", "department_id", "state"),
    sa.Index("placement_patient", "patient_id"),
)


occupancy = sa.Table(
    "occupancy",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
    sa.Column("admission_id", UUID, nullable=False),
    sa.Column("patient_id", UUID, nullable=False),
    sa.Column("period", TSTZRANGE, nullable=False),
    sa.Column("void", sa.Boolean, nullable=False, server_default=sa.false()),
    one_of("kind", ("hold", "stay")),
    sa.CheckConstraint("NOT isempty(period)", name="period_not_empty"),
    sa.CheckConstraint("kind = 'hold' OR NOT void", name="stays_are_never_void"),
    ExcludeConstraint(
        ("bed_id", "="), ("period", "&&"), where=sa.text("NOT void"), name="occupancy_one_per_bed"
    ),
    ExcludeConstraint(
        ("admission_id", "="),
        ("period", "&&"),
        where=sa.text("kind = 'hold' AND NOT void"),
        name="occupancy_one_hold_per_admission",
    ),
    ExcludeConstraint(
        ("patient_id", "="),
        ("period", "&&"),
        where=sa.text("kind = 'stay'"),
        name="occupancy_one_stay_per_patient",
    ),
)


movement = sa.Table(
    "movement",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("from_bed_id", UUID),
    sa.Column("to_bed_id", UUID),
    sa.Column("moved_at", Moment, nullable=False),
    sa.Column("occurred_at", Moment, nullable=False),
    sa.Column("moved_by", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text),
    sa.Column("reverses", UUID, sa.ForeignKey("movement.id"), unique=True),
    one_of("kind", MovementKind),
    sa.Index("movement_admission", "admission_id", "moved_at"),
    sa.Index("movement_occurred_at", "occurred_at"),
    sa.Index("movement_from_bed", "from_bed_id", "moved_at"),
    sa.Index("movement_to_bed", "to_bed_id", "moved_at"),
)


departure_reason = sa.Table(
    "departure_reason",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("meaning", sa.Text, nullable=False),
    comment="why patients leave; read-only for the service",
)
