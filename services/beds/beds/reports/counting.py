"""Durations and averages as reports show them: two digits behind the point."""

from typing import Any

import sqlalchemy as sa

Column = sa.ColumnElement[Any]


def rounded(value: Column, digits: int = 2) -> Column:
    return sa.cast(sa.func.round(sa.cast(value, sa.Numeric), digits), sa.Double)


def hours_between(start: Column, end: Column) -> Column:
    return rounded(sa.extract("epoch", end - start) / 3600)


def minutes_between(start: Column, end: Column) -> Column:
    return rounded(sa.extract("epoch", end - start) / 60)


def mean(value: Column, *conditions: Column) -> Column:
    return rounded(sa.func.avg(value).filter(*conditions))


def median(value: Column, *conditions: Column) -> Column:
    """Half are below it: tells more than the mean where a few are very long."""
    return rounded(sa.func.percentile_cont(0.5).within_group(value).filter(*conditions))
