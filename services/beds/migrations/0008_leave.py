"""Leave and return are movements, too."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.drop_constraint("kind_known", "movement")
    op.create_check_constraint(
        "kind_known", "movement", "kind IN ('arrival', 'move', 'leave', 'return', 'departure')"
    )
