"""An admission is where its patient is, and knows where the stay began."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("admission", sa.Column("arrived_department_id", UUID))
    op.execute(
        """UPDATE admission SET arrived_department_id = department_id
           WHERE state IN ('admitted', 'on_leave', 'discharged')"""
    )
