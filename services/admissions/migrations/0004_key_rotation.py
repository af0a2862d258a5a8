"""Keys can be replaced: a patient has digests under each search key, and a key tells which master key wraps it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "patient_index", sa.Column("key_number", sa.SmallInteger, nullable=False, server_default="1")
    )
    op.drop_constraint("patient_index_pkey", "patient_index")
    op.create_primary_key("patient_index_pkey", "patient_index", ["patient_id", "key_number"])
    op.create_index("patient_index_key", "patient_index", ["key_number"])
    op.create_index("subject_key_master", "subject_key", [sa.text("substr(wrapped, 1, 5)")])
    op.execute("GRANT UPDATE (wrapped) ON subject_key TO admissions")
