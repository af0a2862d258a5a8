"""The placement of an admission that should never have been is marked, and with it its stays and movements."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    column = sa.Column("entered_in_error", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("placement", column)
