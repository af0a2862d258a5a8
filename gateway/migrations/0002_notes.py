"""Notes to the audit log, encrypted under a key of what they are about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, UUID

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "note_key",
        sa.Column("entity_id", UUID, primary_key=True),
        sa.Column("wrapped", BYTEA, nullable=False),
    )
    op.create_table(
        "note",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("entity_type", sa.Text, nullable=False),
        sa.Column("entity_id", UUID, nullable=False),
        sa.Column("sealed", BYTEA, nullable=False),
        sa.Column("recorded_by", UUID, sa.ForeignKey("app_user.id"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute("GRANT SELECT, INSERT ON note, note_key TO gateway")
