"""For whom a room is and what a bed has, for the placement rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0005"
down_revision = "0004"

WORDS = {
    "sex_policy": ("any", "'any', 'female', 'male', 'first_occupant'"),
    "age_band": ("any", "'any', 'adult', 'child', 'neonate'"),
    "level_of_care": ("ward", "'ward', 'step_down', 'intensive'"),
}


def upgrade() -> None:
    for name, (until_now, words) in WORDS.items():
        op.add_column("room", sa.Column(name, sa.Text, nullable=False, server_default=until_now))
        op.alter_column("room", name, server_default=None)
        op.create_check_constraint(f"{name}_known", "room", f"{name} IN ({words})")
    op.add_column("room", sa.Column("negative_pressure", sa.Boolean, nullable=False, server_default="false"))
    op.alter_column("room", "negative_pressure", server_default=None)
    op.add_column("room", sa.Column("specialty", sa.Text))
    op.add_column("bed", sa.Column("equipment", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.alter_column("bed", "equipment", server_default=None)
