"""The board of a department finds the cleanings that wait to be inspected without reading those of years."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index(
        "cleaning_job_to_inspect",
        "cleaning_job",
        ["department_id"],
        postgresql_where=sa.text("state = 'completed' AND type = 'isolation_terminal'"),
    )
