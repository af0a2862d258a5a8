"""Tables of the gateway: users, what they were granted, their sessions; notes to the audit log."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, UUID as Uuid

from common.mechanism_tables import add_mechanism_tables

metadata = sa.MetaData()
Moment = sa.DateTime(timezone=True)

app_user = sa.Table(
    "app_user",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("username", sa.Text, nullable=False, unique=True, comment="normalised"),
    sa.Column("email", sa.Text, unique=True, comment="normalised"),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("wished_role", sa.Text),
    sa.Column("auth_version", sa.BigInteger, nullable=False, comment="rises when rights change"),
    sa.Column("staff_member_id", Uuid, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("app_user_created", "created_at", "id"),
)

user_grant = sa.Table(
    "user_grant",
    metadata,
    sa.Column("user_id", Uuid, sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("department_id", Uuid, comment="null: in all departments"),
    sa.Column("granted_by", Uuid, comment="null: by the operator of this system"),
    sa.Column("granted_at", Moment, nullable=False),
    sa.UniqueConstraint("user_id", "role", "department_id", postgresql_nulls_not_distinct=True),
    sa.Index("user_grant_role", "role", "user_id"),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("user_id", Uuid, sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("token_sha256", BYTEA, nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.Column("idle_seconds", sa.Integer, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, comment="however busy it is"),
    sa.Column("ended_at", Moment),
    sa.Column("end_reason", sa.Text),
    sa.Column("device", sa.Text),
    sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="session_ended_with_reason"),
    sa.Index("session_live", "user_id", postgresql_where=sa.text("ended_at IS NULL")),
)

note_key = sa.Table(
    "note_key",
    metadata,
    sa.Column("entity_id", Uuid, primary_key=True),
    sa.Column("wrapped", BYTEA, comment="null: destroyed, and no other takes its place"),
)

note = sa.Table(
    "note",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("entity_type", sa.Text, nullable=False),
    sa.Column("entity_id", Uuid, nullable=False),
    sa.Column("sealed", BYTEA, nullable=False),
    sa.Column("recorded_by", Uuid, sa.ForeignKey("app_user.id"), nullable=False),
    sa.Column("recorded_at", Moment, nullable=False),
)

add_mechanism_tables(metadata)
