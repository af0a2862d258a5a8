"""The reasons for which patients leave: data, which a hospital may extend."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

REASONS = {
    "discharged": "The treatment here is over.",
    "home": "Home.",
    "recovered": "Well again.",
    "transferred_out": "To another hospital or institution.",
    "deceased": "The patient has died.",
    "against_advice": "Against medical advice.",
    "by_mistake": "The patient was here by mistake.",
    "other": "Another reason.",
    "unspecified": "Nobody has said why.",
}


def upgrade() -> None:
    reasons = op.create_table(
        "departure_reason",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("meaning", sa.Text, nullable=False),
        comment="why patients leave; read-only for the service",
    )
    op.bulk_insert(reasons, [{"code": code, "meaning": meaning} for code, meaning in REASONS.items()])
    op.execute("GRANT SELECT ON departure_reason TO beds")
