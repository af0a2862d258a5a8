"""Transfers to another department."""

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
        sa.Column("from_department_id", UUID, nullable=False),
        sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("bed_id", UUID, sa.ForeignKey("bed.id")),
        sa.Column("hold_id", UUID),
        sa.Column("held_until", Moment),
        sa.Column("reason_code", sa.Text),
        sa.Column("requested_at", Moment, nullable=False),
        *version_columns(),
        one_of("state", ("requested", "accepted", "declined", "cancelled", "completed")),
        sa.CheckConstraint(
            "(state = 'accepted') = (bed_id IS NOT NULL AND hold_id IS NOT NULL AND held_until IS NOT NULL)",
            name="accepted_has_hold",
        ),
        sa.CheckConstraint("from_department_id <> department_id", name="to_another_department"),
        sa.Index(
            "transfer_one_open_per_admission",
            "admission_id",
            unique=True,
            postgresql_where=sa.text("state IN ('requested', 'accepted')"),
        ),
        sa.Index("transfer_department", "department_id", "state", "requested_at"),
        sa.Index("transfer_held_until", "held_until", postgresql_where=sa.text("state = 'accepted'")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON transfer TO beds")
