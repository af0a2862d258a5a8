"""A want says since when the patient has waited: before, that was when beds heard of it, or later."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("UPDATE placement SET want = want || jsonb_build_object('requested_at', since)")
