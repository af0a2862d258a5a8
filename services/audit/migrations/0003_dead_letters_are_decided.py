"""What was decided about a dead letter: that it is applied after all, or dropped."""

from alembic import op

from common.ddl import dead_letter_decisions_ddl

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for statement in dead_letter_decisions_ddl("audit_writer"):
        op.execute(statement)
