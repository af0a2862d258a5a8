"""Users, grants and sessions, and what the service's role may do with them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, UUID

from common.ddl import outbox_ddl
from common.mechanism_tables import add_mechanism_tables

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    mechanisms = sa.MetaData()
    add_mechanism_tables(mechanisms)
    mechanisms.create_all(op.get_bind())
    create_users()
    create_sessions()
    for statement in outbox_ddl("gateway"):
        op.execute(statement)
    op.execute("GRANT SELECT, INSERT, UPDATE ON app_user TO gateway")
    op.execute("GRANT SELECT, INSERT, DELETE ON user_grant TO gateway")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON session TO gateway")


def create_users() -> None:
    op.create_table(
        "app_user",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("username", sa.Text, nullable=False, unique=True, comment="normalised"),
        sa.Column("email", sa.Text, unique=True, comment="normalised"),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("wished_role", sa.Text),
        sa.Column("auth_version", sa.BigInteger, nullable=False, comment="rises when rights change"),
        sa.Column("staff_member_id", UUID, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Index("app_user_created", "created_at", "id"),
    )
    op.create_table(
        "user_grant",
        sa.Column("user_id", UUID, sa.ForeignKey("app_user.id"), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("department_id", UUID, comment="null: in all departments"),
        sa.Column("granted_by", UUID, comment="null: by the operator of this system"),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.UniqueConstraint("user_id", "role", "department_id", postgresql_nulls_not_distinct=True),
        sa.Index("user_grant_role", "role", "user_id"),
    )


def create_sessions() -> None:
    op.create_table(
        "session",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("user_id", UUID, sa.ForeignKey("app_user.id"), nullable=False),
        sa.Column("token_sha256", BYTEA, nullable=False, unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("idle_seconds", sa.Integer, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, comment="however busy it is"),
        sa.Column("ended_at", MOMENT),
        sa.Column("end_reason", sa.Text),
        sa.Column("device", sa.Text),
        sa.CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="session_ended_with_reason"),
        sa.Index("session_live", "user_id", postgresql_where=sa.text("ended_at IS NULL")),
    )
