"""What a patient needs counts for the neighbours also when no bed is wanted any more."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("placement", sa.Column("needs", JSONB, nullable=False, server_default="{}"))
    op.execute("UPDATE placement SET needs = want -> 'needs' WHERE want -> 'needs' IS NOT NULL")
