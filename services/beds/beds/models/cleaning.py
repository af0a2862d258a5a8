"""Cleaning jobs and their limits."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from beds.domain import cleaning
from beds.domain.cleaning import (
    CleaningPriority,
    CleaningState,
    CleaningType,
)
from beds.domain.targets import Target
from beds.models.metadata import metadata
from common.columns import Moment, one_of, sql_words, version_columns

cleaning_job = sa.Table(
    "cleaning_job",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
    sa.Column("department_id", UUID, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("requested_at", Moment, nullable=False),
    sa.Column("accepted_at", Moment),
    sa.Column("accepted_by", sa.Text),
    sa.Column("started_at", Moment),
    sa.Column("started_by", sa.Text),
    sa.Column("counted_from", Moment),
    sa.Column("suspended_at", Moment),
    sa.Column("completed_at", Moment),
    sa.Column("cleaned_by", ARRAY(sa.Text), nullable=False),
    sa.Column("inspected_at", Moment),
    sa.Column("inspected_by", sa.Text),
    sa.Column("passed", sa.Boolean),
    sa.Column("reason_code", sa.Text),
    sa.Column("targets", JSONB, nullable=False),
    sa.Column("missed", ARRAY(sa.Text), nullable=False),
    sa.Column("due_at", Moment),
    *version_columns(),
    one_of("type", CleaningType),
    one_of("priority", CleaningPriority),
    one_of("state", CleaningState),
    sa.Index(
        "cleaning_job_one_open_per_bed",
        "bed_id",
        unique=True,
        postgresql_where=sa.text(f"state IN ({sql_words(cleaning.OPEN)})"),
    ),
    sa.CheckConstraint("NOT inspected_by = ANY (cleaned_by)", name="inspected_by_another"),
    sa.Index("cleaning_job_department", "department_id", "state", "requested_at"),
    sa.Index(
        "cleaning_job_to_inspect",
        "department_id",
        postgresql_where=sa.text("state = 'completed' AND type = 'isolation_terminal'"),
    ),
    sa.Index("cleaning_job_due_at", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
)


cleaning_target = sa.Table(
    "cleaning_target",
    metadata,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("effective_from", Moment, primary_key=True),
    sa.Column("minutes", sa.Integer, nullable=False),
    one_of("target", Target),
    sa.CheckConstraint("minutes > 0", name="minutes_positive"),
    comment="the limits of a cleaning, each in force from its moment on; read-only for the service",
)
