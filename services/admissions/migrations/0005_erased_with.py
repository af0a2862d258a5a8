"""An erased patient names the admissions that others may keep words about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("patient", sa.Column("erased_with", ARRAY(UUID), nullable=False, server_default="{}"))
