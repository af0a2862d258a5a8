"""Cleaning jobs are accepted, suspended and inspected, and have targets; a bed that fails its inspection is dirty."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from common.columns import Moment, one_of

revision = "0002"
down_revision = "0001"

NEW_COLUMNS = (
    sa.Column("accepted_at", Moment),
    sa.Column("accepted_by", sa.Text),
    sa.Column("counted_from", Moment),
    sa.Column("suspended_at", Moment),
    sa.Column("cleaned_by", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("inspected_at", Moment),
    sa.Column("inspected_by", sa.Text),
    sa.Column("passed", sa.Boolean),
    sa.Column("reason_code", sa.Text),
    sa.Column(
        "targets",
        JSONB,
        nullable=False,
        server_default='{"response": 30, "cleaning": 30, "turnaround": 60}',
    ),
    sa.Column("missed", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("due_at", Moment),
)
FOR_ROWS_FROM_BEFORE = ("cleaned_by", "targets", "missed")
STATES = "'requested', 'accepted', 'started', 'suspended', 'completed', 'inspected', 'cancelled'"
DUE = """
UPDATE cleaning_job SET due_at = CASE
  WHEN coalesce(started_at, 'infinity') >= requested_at + interval '30 min' THEN requested_at + interval '30 min'
  ELSE least(started_at + interval '30 min', requested_at + interval '60 min') END
WHERE state IN ('requested', 'started')"""
LIMITS = """
INSERT INTO cleaning_target (target, effective_from, minutes) VALUES
  ('response', '2000-01-01Z', 30), ('cleaning', '2000-01-01Z', 30), ('turnaround', '2000-01-01Z', 60)"""


def upgrade() -> None:
    for column in NEW_COLUMNS:
        op.add_column("cleaning_job", column)
    op.execute(
        "UPDATE cleaning_job SET counted_from = started_at, cleaned_by = ARRAY[started_by] "
        "WHERE started_by IS NOT NULL"
    )
    op.execute(DUE)
    for name in FOR_ROWS_FROM_BEFORE:
        op.alter_column("cleaning_job", name, server_default=None)
    op.drop_constraint("state_known", "cleaning_job")
    op.create_check_constraint("state_known", "cleaning_job", f"state IN ({STATES})")
    op.create_check_constraint("inspected_by_another", "cleaning_job", "NOT inspected_by = ANY (cleaned_by)")
    op.drop_index("cleaning_job_one_open_per_bed", "cleaning_job")
    op.create_index(
        "cleaning_job_one_open_per_bed",
        "cleaning_job",
        ["bed_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('requested', 'accepted', 'started', 'suspended')"),
    )
    op.create_index(
        "cleaning_job_due_at", "cleaning_job", ["due_at"], postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.execute("INSERT INTO bed_transition (was, becomes) VALUES ('inspect', 'dirty')")
    create_targets()


def create_targets() -> None:
    op.create_table(
        "cleaning_target",
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("effective_from", Moment, primary_key=True),
        sa.Column("minutes", sa.Integer, nullable=False),
        one_of("target", ("response", "cleaning", "turnaround")),
        sa.CheckConstraint("minutes > 0", name="minutes_positive"),
        comment="the limits of a cleaning, each in force from its moment on; read-only for the service",
    )
    op.execute(LIMITS)
    op.execute("GRANT SELECT ON cleaning_target TO beds")
