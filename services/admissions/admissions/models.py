"""Tables and constraints. Whoever writes: one open admission per patient, one patient per record number."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, UUID

from admissions.domain.admission import (
    OPEN,
    TARGETS,
    AdmissionState,
    Disposition,
    PatientAlreadyAdmitted,
    PresenceState,
)
from admissions.domain.patient import MrnTaken
from common.columns import Moment, one_of, sql_words, version_columns
from common.crypto import subject_key_table
from common.errors import Refusal
from common.mechanism_tables import add_mechanism_tables

metadata = sa.MetaData()
add_mechanism_tables(metadata)


subject_key = subject_key_table(metadata)

patient = sa.Table(
    "patient",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("unidentified", sa.Boolean, nullable=False),
    sa.Column("privacy", sa.Boolean, nullable=False),
    sa.Column("mother_id", UUID, sa.ForeignKey("patient.id")),
    sa.Column("merged_into", UUID, sa.ForeignKey("patient.id")),
    sa.Column("erased_at", Moment),
    sa.Column("erased_with", ARRAY(UUID), nullable=False, server_default="{}"),
    *version_columns(),
    sa.CheckConstraint("merged_into <> id", name="merged_into_another"),
    sa.Index("patient_merged", "merged_into", postgresql_where=sa.text("merged_into IS NOT NULL")),
    sa.Index("patient_erased", "id", postgresql_where=sa.text("erased_at IS NOT NULL")),
)

patient_identity = sa.Table(
    "patient_identity",
    metadata,
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
    sa.Column("changed_at", Moment),
    sa.Column("changed_by", sa.Text, comment="null with the time where it was not kept yet"),
)

patient_index = sa.Table(
    "patient_index",
    metadata,
    sa.Column("patient_id", UUID, sa.ForeignKey("patient.id"), primary_key=True),
    sa.Column("key_number", sa.SmallInteger, primary_key=True, server_default="1"),
    sa.Column("mrn_digest", BYTEA, unique=True),
    sa.Column("name_birth_digest", BYTEA),
    sa.Index("patient_index_name_birth", "name_birth_digest"),
    sa.Index("patient_index_key", "key_number"),
)

admission = sa.Table(
    "admission",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("patient_id", UUID, sa.ForeignKey("patient.id"), nullable=False),
    sa.Column("person_id", UUID, sa.ForeignKey("patient.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("department_id", UUID, nullable=False),
    sa.Column("arrived_department_id", UUID),
    sa.Column("asked", JSONB, nullable=False),
    sa.Column("want", JSONB(none_as_null=True)),
    sa.Column("want_version", sa.BigInteger, nullable=False),
    sa.Column("stay_number", sa.Integer, nullable=False),
    sa.Column("target", sa.Text),
    sa.Column("reason_code", sa.Text),
    sa.Column("discharge_expected_at", Moment),
    sa.Column("discharge_expected_reason_code", sa.Text),
    sa.Column("milestones", JSONB, nullable=False, server_default="[]"),
    sa.Column("disposition", sa.Text),
    sa.Column("discharge_confirmed_at", Moment),
    sa.Column("discharge_confirmed_by", sa.Text),
    sa.Column("confirmed_left_due_at", Moment),
    sa.Column("left_at", Moment),
    sa.Column("requested_at", Moment, nullable=False),
    *version_columns(),
    one_of("state", AdmissionState),
    one_of("target", TARGETS),
    one_of("disposition", Disposition),
    sa.CheckConstraint("(state = 'cancelling') = (target IS NOT NULL)", name="cancelling_has_target"),
    sa.Index(
        "admission_one_open_per_patient",
        "person_id",
        unique=True,
        postgresql_where=sa.text(f"state IN ({sql_words(OPEN)})"),
    ),
    sa.Index("admission_patient", "patient_id"),
    sa.Index("admission_person", "person_id"),
    sa.Index("admission_department", "department_id", "state", "requested_at"),
    sa.Index(
        "admission_expected_to_leave",
        "discharge_expected_at",
        postgresql_where=sa.text("discharge_expected_at IS NOT NULL"),
    ),
)

admission_change = sa.Table(
    "admission_change",
    metadata,
    sa.Column("admission_id", UUID, sa.ForeignKey("admission.id"), primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text),
    sa.Column("want", JSONB(none_as_null=True)),
    sa.Column("discharge_expected_at", Moment),
    sa.Column("milestones", JSONB, nullable=False, server_default="[]"),
)

heard_placement = sa.Table(
    "heard_placement",
    metadata,
    sa.Column("admission_id", UUID, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("want_version", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("refusal", sa.Text),
    sa.Column("department_id", UUID),
    sa.Column("bed_id", UUID),
    sa.Column("held_until", Moment),
    sa.Column("since", Moment),
    one_of("state", PresenceState),
    comment="the last answer of beds to each admission",
)

known_department = sa.Table(
    "known_department",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    comment="copy of the departments of beds",
)

discharge_target = sa.Table(
    "discharge_target",
    metadata,
    sa.Column("effective_from", Moment, primary_key=True),
    sa.Column("confirmed_left_minutes", sa.Integer, nullable=False),
    sa.CheckConstraint("confirmed_left_minutes > 0", name="minutes_positive"),
    comment="how long after the confirmation a patient leaves, in force from its moment on; read-only for the service",
)

#: The constraint that fires, and what it means to the person who asked.
REFUSALS: dict[str, type[Refusal]] = {
    "admission_one_open_per_patient": PatientAlreadyAdmitted,
    "patient_index_mrn_digest_key": MrnTaken,
}
