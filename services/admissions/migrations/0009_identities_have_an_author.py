"""Each identity of a patient tells since when it holds and who said so."""

import sqlalchemy as sa
from alembic import op

from common.columns import Moment

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("patient_identity", sa.Column("changed_at", Moment))
    op.add_column(
        "patient_identity",
        sa.Column("changed_by", sa.Text, comment="null with the time where it was not kept yet"),
    )
    op.execute(
        """UPDATE patient_identity SET changed_at = patient.changed_at, changed_by = patient.changed_by
           FROM patient WHERE patient.id = patient_identity.patient_id
             AND patient.version = patient_identity.version"""
    )
