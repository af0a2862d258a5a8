"""A movement may take back an earlier one, once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("movement", sa.Column("reverses", UUID, sa.ForeignKey("movement.id"), unique=True))
    op.drop_constraint("kind_known", "movement")
    op.create_check_constraint(
        "kind_known",
        "movement",
        "kind IN ('arrival', 'move', 'leave', 'return', 'departure', 'arrival_reversed', 'move_reversed')",
    )
