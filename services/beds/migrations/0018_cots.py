"""Cots: beds that stand beside another one, in its room, and are for newborns alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0018"
down_revision = "0017"

HARD = "'bed_ready', 'negative_pressure', 'equipment', 'cot'"
RULES = (
    f"{HARD}, 'sex_policy', 'first_occupant', 'isolation', 'beside_isolation', 'age_band', 'level_of_care', "
    "'specialty', 'room_preference', 'keep_single', 'keep_negative_pressure', 'keep_equipment', 'keep_level', "
    "'keep_specialty', 'fewest_moves', 'cleaning_left', 'other_age_beside', 'crowding'"
)


def upgrade() -> None:
    op.add_column("bed", sa.Column("cot_of_bed_id", UUID))
    op.create_unique_constraint("bed_place_key", "bed", ["id", "department_id", "room_id"])
    op.create_foreign_key(
        "cot_beside_its_bed",
        "bed",
        "bed",
        ["cot_of_bed_id", "department_id", "room_id"],
        ["id", "department_id", "room_id"],
    )
    op.create_check_constraint("cot_in_a_room", "bed", "cot_of_bed_id IS NULL OR room_id IS NOT NULL")
    op.create_index(
        "bed_cot_of", "bed", ["cot_of_bed_id"], postgresql_where=sa.text("cot_of_bed_id IS NOT NULL")
    )
    for name, holds in {
        "rule_known": f"rule IN ({RULES})",
        "always_hard": f"rule NOT IN ({HARD}) OR severity = 'hard'",
    }.items():
        op.drop_constraint(name, "placement_rule")
        op.create_check_constraint(name, "placement_rule", holds)
    op.execute("INSERT INTO placement_rule VALUES ('cot', '2000-01-01T00:00:00Z', 'hard', 0)")
