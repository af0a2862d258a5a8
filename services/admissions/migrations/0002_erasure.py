"""The identity of a patient can be erased."""

import sqlalchemy as sa
from alembic import op

from common.columns import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("patient", sa.Column("erased_at", Moment))
    op.create_index("patient_erased", "patient", ["id"], postgresql_where=sa.text("erased_at IS NOT NULL"))
    op.execute("GRANT DELETE ON subject_key, patient_index TO admissions")
