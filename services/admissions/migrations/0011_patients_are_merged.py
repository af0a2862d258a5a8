"""Two records of one patient are merged; an open admission is one per person, under whichever record."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0011"
down_revision = "0010"

OPEN = "'requested', 'bed_assigned', 'admitted', 'on_leave', 'cancelling'"


def upgrade() -> None:
    op.add_column("patient", sa.Column("merged_into", UUID, sa.ForeignKey("patient.id")))
    op.create_check_constraint("merged_into_another", "patient", "merged_into <> id")
    merged = sa.text("merged_into IS NOT NULL")
    op.create_index("patient_merged", "patient", ["merged_into"], postgresql_where=merged)
    op.add_column("admission", sa.Column("person_id", UUID, sa.ForeignKey("patient.id")))
    op.execute("UPDATE admission SET person_id = patient_id")
    op.alter_column("admission", "person_id", nullable=False)
    op.drop_index("admission_one_open_per_patient", "admission")
    op.create_index(
        "admission_one_open_per_patient",
        "admission",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text(f"state IN ({OPEN})"),
    )
    op.create_index("admission_patient", "admission", ["patient_id"])
    op.create_index("admission_person", "admission", ["person_id"])
