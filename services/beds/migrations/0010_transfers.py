"""Transfers between departments, one pending per admission."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from common.columns import Moment, one_of, version_columns

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "transfer",
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
        *version_columns(),
        one_of("state", ("requested", "accepted", "declined", "cancelled", "completed")),
        sa.CheckConstraint("from_department_id <> department_id", name="another_department"),
        sa.CheckConstraint(
            "(state = 'accepted') = (hold_id IS NOT NULL AND held_until IS NOT NULL)",
            name="accepted_has_hold",
        ),
        sa.Index(
            "transfer_one_pending_per_admission",
            "admission_id",
            unique=True,
            postgresql_where=sa.text("state IN ('requested', 'accepted')"),
        ),
        sa.Index("transfer_held_until", "held_until", postgresql_where=sa.text("state = 'accepted'")),
        sa.Index("transfer_department_state", "department_id", "state"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON transfer TO beds")
    op.add_column("placement", sa.Column("transfer_id", UUID, comment="the pending transfer"))
    op.create_check_constraint(
        "transfer_of_somebody_here", "placement", "transfer_id IS NULL OR state IN ('in_bed', 'on_leave')"
    )
