"""The placement rules as data."""

import sqlalchemy as sa

from beds.domain.rules import ALWAYS_HARD, Rule, Severity
from beds.models.metadata import metadata
from common.columns import Moment, one_of, sql_words

placement_rule = sa.Table(
    "placement_rule",
    metadata,
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("effective_from", Moment, primary_key=True),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("penalty", sa.Integer, nullable=False),
    one_of("rule", Rule),
    one_of("severity", Severity),
    sa.CheckConstraint(f"rule NOT IN ({sql_words(ALWAYS_HARD)}) OR severity = 'hard'", name="always_hard"),
    sa.CheckConstraint("(severity = 'soft') = (penalty > 0)", name="soft_costs"),
    comment="the placement rules, each in force from its moment on; read-only for the service",
)
