"""Reservations: holds of the future, and rows of the occupancy that keep nothing any more."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from common.columns import Moment, one_of, version_columns

revision = "0017"
down_revision = "0016"

#: The constraints of migration 0001, now without what was given back before it began.
EXCLUSIONS = (
    ("one_per_bed", "bed_id", "NOT void"),
    ("one_hold_per_admission", "admission_id", "kind = 'hold' AND NOT void"),
)


def upgrade() -> None:
    op.add_column("occupancy", sa.Column("void", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_check_constraint("stays_are_never_void", "occupancy", "kind = 'hold' OR NOT void")
    for name, column, where in EXCLUSIONS:
        op.drop_constraint(f"occupancy_{name}", "occupancy")
        op.execute(
            f"ALTER TABLE occupancy ADD CONSTRAINT occupancy_{name}"
            f" EXCLUDE USING gist ({column} WITH =, period WITH &&) WHERE ({where})"
        )
    create_reservations()
    op.add_column(
        "placement", sa.Column("reservation_id", UUID, comment="the bed that is reserved for later")
    )
    op.create_check_constraint(
        "reservation_of_somebody_waiting",
        "placement",
        "reservation_id IS NULL OR state IN ('queued', 'held')",
    )


def create_reservations() -> None:
    op.create_table(
        "reservation",
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
        one_of("state", ("reserved", "kept", "cancelled", "expired")),
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
    op.execute("GRANT SELECT, INSERT, UPDATE ON reservation TO beds")
