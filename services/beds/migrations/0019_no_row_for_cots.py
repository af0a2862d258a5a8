"""The rule `cot` is always hard and needs no row, which processes of the release before would not know."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("DELETE FROM placement_rule WHERE rule = 'cot'")
