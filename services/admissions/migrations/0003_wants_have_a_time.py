"""A want says since when the patient has waited: before, that was when the admission was requested."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """UPDATE admission SET asked = asked || jsonb_build_object('requested_at', requested_at),
          want = want || jsonb_build_object('requested_at', requested_at)"""
    )
