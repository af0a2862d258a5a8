"""Columns and checks that the tables of every service are made of."""

from collections.abc import Iterable

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


def sql_words(words: Iterable[str]) -> str:
    """Words of a closed set as SQL literals: `'open', 'closed'`."""
    return ", ".join(repr(str(word)) for word in words)


def one_of(column: str, words: Iterable[str]) -> sa.CheckConstraint:
    """The column holds one of these words."""
    return sa.CheckConstraint(f"{column} IN ({sql_words(words)})", name=f"{column}_known")
