"""A transfer may say what the patient needs in the receiving department, and keeps what that takes the place of."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("transfer", sa.Column("needs", JSONB))
    op.add_column("transfer", sa.Column("needs_before", JSONB))
