"""The key of notes is destroyed with the patient that they are about, and none takes its place."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.alter_column("note_key", "wrapped", nullable=True)
    op.execute("GRANT UPDATE ON note_key TO gateway")
