"""Who may do what: a deny-by-default table of act × role × scope that also becomes the WHERE clause of lists."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid

from common.auth import Caller
from common.errors import Forbidden


class Scope(StrEnum):
    """How far a role reaches in an act."""

    ANY = "any"
    DEPARTMENTS = "departments"
    """Only where the grant names the department (a grant for all departments names each)."""


class Policies:
    """The table of one service. An act without a row, or a role without a cell, is refused."""

    def __init__(self, table: Mapping[str, Mapping[str, Scope]]) -> None:
        self._table = table

    def departments(self, caller: Caller, act: str, asked: UUID | None = None) -> frozenset[UUID] | None:
        """The departments in which the caller may do this; None means all of them.

        Raises `Forbidden` if in none, or not in the one that is `asked` for.
        """
        reached = self._reached(caller, act)
        if reached is not None and (not reached or (asked is not None and asked not in reached)):
            raise Forbidden(act=act)
        return reached

    def allow(self, caller: Caller, act: str, department_id: UUID | None = None) -> None:
        """Raises `Forbidden` unless the caller may do this, in this department where the act has one."""
        if not self.allows(caller, act, department_id):
            raise Forbidden(act=act)

    def allows(self, caller: Caller, act: str, department_id: UUID | None = None) -> bool:
        """Whether the caller may do this, in this department where the act has one."""
        reached = self._reached(caller, act)
        return reached is None or department_id in reached

    def _reached(self, caller: Caller, act: str) -> frozenset[UUID] | None:
        """The departments in which the caller may do this, perhaps none; None means all."""
        cells = self._table.get(act, {})
        reached: set[UUID] = set()
        for grant in caller.grants:
            scope = cells.get(grant.role)
            if scope is Scope.ANY or (scope is Scope.DEPARTMENTS and grant.departments is None):
                return None
            if scope is Scope.DEPARTMENTS and grant.departments:
                reached |= grant.departments
        return frozenset(reached)


def within(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """The scope as a WHERE clause with the parameter `departments` (None: all), as `Policies.departments` gives it."""
    departments: sa.BindParameter[Any] = sa.bindparam("departments", type_=ARRAY(Uuid))
    return sa.or_(departments.is_(None), column == sa.any_(departments))
