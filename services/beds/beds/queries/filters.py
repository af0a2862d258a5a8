"""Conditions that several lists have."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY


def any_of(column: "sa.ColumnElement[Any]", name: str) -> "sa.ColumnElement[bool]":
    words: sa.BindParameter[Any] = sa.bindparam(name, type_=ARRAY(sa.Text))
    return sa.or_(words.is_(None), column == sa.any_(words))
