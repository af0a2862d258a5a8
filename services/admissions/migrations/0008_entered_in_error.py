"""An admission that waits may end as entered in error."""

from alembic import op

revision = "0008"
down_revision = "0007"

TARGETS = "'cancelled', 'no_show', 'entered_in_error'"


def upgrade() -> None:
    op.drop_constraint("target_known", "admission")
    op.create_check_constraint("target_known", "admission", f"target IN ({TARGETS})")
