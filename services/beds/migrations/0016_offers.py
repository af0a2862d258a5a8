"""Beds that become free are offered; what was offered to whom is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from common.columns import Moment, one_of

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("placement", sa.Column("offer_id", UUID, comment="the hold, while it is an offer"))
    is_the_hold = "offer_id IS NULL OR offer_id IS NOT DISTINCT FROM hold_id"
    op.create_check_constraint("offer_is_the_hold", "placement", is_the_hold)
    op.create_table(
        "offer",
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
        one_of("state", ("offered", "accepted", "declined", "expired", "withdrawn")),
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
    op.execute("GRANT SELECT, INSERT, UPDATE ON offer TO beds")
