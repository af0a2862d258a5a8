"""The placement rules as data, what of them a hold or stay does not keep, and two more reasons to wait."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from common.columns import Moment, one_of

revision = "0011"
down_revision = "0010"

HARD = ("bed_ready", "negative_pressure", "equipment")
OVERRIDABLE = ("sex_policy", "first_occupant", "isolation", "beside_isolation", "age_band", "level_of_care")
PENALTIES = {
    "specialty": 40,
    "room_preference": 15,
    "keep_single": 20,
    "keep_negative_pressure": 30,
    "keep_equipment": 5,
    "keep_level": 30,
    "keep_specialty": 10,
    "fewest_moves": 10,
    "cleaning_left": 25,
    "other_age_beside": 10,
    "crowding": 1,
}
RULES = (*HARD, *OVERRIDABLE, *PENALTIES)
REFUSALS = "'no_bed', 'rule_failed', 'not_ready', 'released', 'expired', 'reversed', 'recovered'"


def upgrade() -> None:
    op.add_column("bed", sa.Column("overridden", ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.alter_column("bed", "overridden", server_default=None)
    op.create_index("bed_room", "bed", ["room_id"])
    op.drop_constraint("refusal_known", "placement")
    op.create_check_constraint("refusal_known", "placement", f"refusal IN ({REFUSALS})")
    create_rules()


def create_rules() -> None:
    always = ", ".join(repr(rule) for rule in HARD)
    op.create_table(
        "placement_rule",
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("effective_from", Moment, primary_key=True),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("penalty", sa.Integer, nullable=False),
        one_of("rule", RULES),
        one_of("severity", ("hard", "overridable", "soft")),
        sa.CheckConstraint(f"rule NOT IN ({always}) OR severity = 'hard'", name="always_hard"),
        sa.CheckConstraint("(severity = 'soft') = (penalty > 0)", name="soft_costs"),
        comment="the placement rules, each in force from its moment on; read-only for the service",
    )
    rows = [(rule, "hard", 0) for rule in HARD] + [(rule, "overridable", 0) for rule in OVERRIDABLE]
    rows += [(rule, "soft", penalty) for rule, penalty in PENALTIES.items()]
    table = sa.table(
        "placement_rule",
        sa.column("rule"),
        sa.column("effective_from", Moment),
        sa.column("severity"),
        sa.column("penalty"),
    )
    since = datetime(2000, 1, 1, tzinfo=UTC)
    op.bulk_insert(
        table,
        [
            {"rule": rule, "effective_from": since, "severity": severity, "penalty": penalty}
            for rule, severity, penalty in rows
        ],
    )
    op.execute("GRANT SELECT ON placement_rule TO beds")
