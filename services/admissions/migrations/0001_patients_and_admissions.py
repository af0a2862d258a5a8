"""Patients with encrypted identity, admissions, and copies of what beds says."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, UUID

from common.columns import Moment, one_of, version_columns
from common.ddl import outbox_ddl
from common.mechanism_tables import add_mechanism_tables

revision = "0001"
down_revision = None

OPEN = "'requested', 'bed_assigned', 'admitted', 'on_leave', 'cancelling'"
STATES = (
    "requested",
    "bed_assigned",
    "admitted",
    "on_leave",
    "cancelling",
    "discharged",
    "cancelled",
    "no_show",
    "entered_in_error",
)
DISPOSITIONS = ("home", "transferred_out", "deceased", "against_advice", "other", "unspecified")
PRESENCE = ("queued", "held", "in_bed", "on_leave", "left", "withdrawn")

GRANTS = (
    "GRANT SELECT, INSERT, UPDATE ON patient, patient_index, admission TO admissions",
    "GRANT SELECT, INSERT, UPDATE ON heard_placement, known_department TO admissions",
    "GRANT SELECT, INSERT ON subject_key, patient_identity, admission_change TO admissions",
)


def upgrade() -> None:
    mechanisms = sa.MetaData()
    add_mechanism_tables(mechanisms)
    mechanisms.create_all(op.get_bind())
    create_patients()
    create_admissions()
    create_copies()
    for statement in (*outbox_ddl("admissions"), *GRANTS):
        op.execute(statement)


def create_patients() -> None:
    op.create_table(
        "subject_key",
        sa.Column("subject_id", UUID, primary_key=True),
        sa.Column("wrapped", BYTEA, nullable=False),
        sa.Column("created_at", Moment, nullable=False, server_default=sa.func.clock_timestamp()),
    )
    op.create_table(
        "patient",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("unidentified", sa.Boolean, nullable=False),
        sa.Column("privacy", sa.Boolean, nullable=False),
        sa.Column("mother_id", UUID, sa.ForeignKey("patient.id")),
        *version_columns(),
    )
    op.create_table(
        "patient_identity",
        sa.Column("patient_id", UUID, sa.ForeignKey("patient.id"), primary_key=True),
        sa.Column(
            "version",
            sa.BigInteger,
            primary_key=True,
            comment="older versions stay",
        ),
        sa.Column("mrn", BYTEA),
        sa.Column("name", BYTEA),
        sa.Column("date_of_birth", BYTEA),
        sa.Column("sex", BYTEA),
        sa.Column("contact", BYTEA),
    )
    op.create_table(
        "patient_index",
        sa.Column("patient_id", UUID, sa.ForeignKey("patient.id"), primary_key=True),
        sa.Column("mrn_digest", BYTEA, unique=True),
        sa.Column("name_birth_digest", BYTEA),
        sa.Index("patient_index_name_birth", "name_birth_digest"),
    )


def create_admissions() -> None:
    op.create_table(
        "admission",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("patient_id", UUID, sa.ForeignKey("patient.id"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("department_id", UUID, nullable=False),
        sa.Column("asked", JSONB, nullable=False),
        sa.Column("want", JSONB(none_as_null=True)),
        sa.Column("want_version", sa.BigInteger, nullable=False),
        sa.Column("stay_number", sa.Integer, nullable=False),
        sa.Column("target", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.Column("disposition", sa.Text),
        sa.Column("discharge_confirmed_at", Moment),
        sa.Column("discharge_confirmed_by", sa.Text),
        sa.Column("requested_at", Moment, nullable=False),
        *version_columns(),
        one_of("state", STATES),
        one_of("target", ("cancelled", "no_show")),
        one_of("disposition", DISPOSITIONS),
        sa.CheckConstraint("(state = 'cancelling') = (target IS NOT NULL)", name="cancelling_has_target"),
        sa.Index(
            "admission_one_open_per_patient",
            "patient_id",
            unique=True,
            postgresql_where=sa.text(f"state IN ({OPEN})"),
        ),
        sa.Index("admission_department", "department_id", "state", "requested_at"),
    )
    op.create_table(
        "admission_change",
        sa.Column("admission_id", UUID, sa.ForeignKey("admission.id"), primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("reason_code", sa.Text),
        sa.Column("want", JSONB(none_as_null=True)),
    )


def create_copies() -> None:
    op.create_table(
        "heard_placement",
        sa.Column("admission_id", UUID, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("want_version", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("refusal", sa.Text),
        sa.Column("department_id", UUID),
        sa.Column("bed_id", UUID),
        sa.Column("held_until", Moment),
        one_of("state", PRESENCE),
        comment="the last answer of beds to each admission",
    )
    op.create_table(
        "known_department",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        comment="copy of the departments of beds",
    )
