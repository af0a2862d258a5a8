"""A discharge has a time at which it is expected, milestones, and a target from its confirmation on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from common.columns import Moment

revision = "0007"
down_revision = "0006"

OF_AN_ADMISSION = (
    sa.Column("discharge_expected_at", Moment),
    sa.Column("discharge_expected_reason_code", sa.Text),
    sa.Column("milestones", JSONB, nullable=False, server_default="[]"),
    sa.Column("confirmed_left_due_at", Moment),
    sa.Column("left_at", Moment),
)
OF_A_CHANGE = (
    sa.Column("discharge_expected_at", Moment),
    sa.Column("milestones", JSONB, nullable=False, server_default="[]"),
)


def upgrade() -> None:
    for column in OF_AN_ADMISSION:
        op.add_column("admission", column)
    for column in OF_A_CHANGE:
        op.add_column("admission_change", column)
    op.add_column("heard_placement", sa.Column("since", Moment))
    op.create_index(
        "admission_expected_to_leave",
        "admission",
        ["discharge_expected_at"],
        postgresql_where=sa.text("discharge_expected_at IS NOT NULL"),
    )
    op.create_table(
        "discharge_target",
        sa.Column("effective_from", Moment, primary_key=True),
        sa.Column("confirmed_left_minutes", sa.Integer, nullable=False),
        sa.CheckConstraint("confirmed_left_minutes > 0", name="minutes_positive"),
        comment="how long after the confirmation a patient leaves, in force from its moment on; "
        "read-only for the service",
    )
    op.execute("INSERT INTO discharge_target VALUES ('2000-01-01Z', 120)")
    op.execute(
        "UPDATE admission SET confirmed_left_due_at = discharge_confirmed_at + interval '120 min' "
        "WHERE discharge_confirmed_at IS NOT NULL"
    )
    op.execute("GRANT SELECT ON discharge_target TO admissions")
