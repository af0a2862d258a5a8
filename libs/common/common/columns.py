"""Columns and checks that the tables of every service are made of."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

Moment = sa.DateTime(timezone=True)
"""Every time in every table: UTC, in microseconds."""


def version_columns() -> tuple["sa.Column[object]", ...]:
    """The version of an aggregate, and when and by whom it was changed last."""
    return (
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
    )


def in_json(moment: "sa.ColumnElement[Any]") -> "sa.ColumnElement[str]":
    """A moment as RFC 3339 has it with `Z`, where PostgreSQL writes the JSON."""
    return sa.func.to_char(sa.func.timezone("UTC", moment), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')


def sql_words(words: Iterable[str]) -> str:
    """Words of a closed set as SQL literals: `'open', 'closed'`."""
    return ", ".join(repr(str(word)) for word in words)


def one_of(column: str, words: Iterable[str]) -> sa.CheckConstraint:
    """The column holds one of these words."""
    return sa.CheckConstraint(f"{column} IN ({sql_words(words)})", name=f"{column}_known")
