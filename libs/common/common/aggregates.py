"""Aggregates: loaded whole under lock, saved whole. Rows become frozen domain values here and nowhere else."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, Generic, TypeVar, get_args, get_type_hints
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid

from common.db import UnitOfWork
from common.errors import NotFound
from common.statements import Statement, insert_into

A = TypeVar("A")
Readers = Mapping[str, Callable[[Any], Any]]


class Aggregates(Generic[A]):
    """One kind of aggregate in one table: the fields of the frozen dataclass are columns of the same names.

    `readers` turn stored values of single fields into domain values where the type hint cannot say how.
    `unknown` is the refusal of `lock` where there is none.
    """

    def __init__(
        self,
        kind: type[A],
        table: sa.Table,
        *,
        key: str = "id",
        readers: Readers | None = None,
        unknown: type[NotFound] = NotFound,
    ) -> None:
        names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        self._kind, self._key, self._names, self._unknown = kind, key, names, unknown
        self._readers = _enum_readers(kind) | dict(readers or {})
        key_column = table.c[key]
        loaded = sa.select(*(table.c[name] for name in names))
        self._lock = Statement(
            loaded.where(key_column == sa.bindparam("of_key")).with_for_update(key_share=True)
        )
        keys: sa.BindParameter[Any] = sa.bindparam("of_keys", type_=ARRAY(Uuid))
        self._lock_all = Statement(
            loaded.where(key_column == sa.any_(keys)).order_by(key_column).with_for_update(key_share=True)
        )
        self._insert = Statement(insert_into(table, *names))
        self._update = Statement(
            sa.update(table)
            .where(key_column == sa.bindparam("of_key"))
            .values({name: sa.bindparam(name, type_=table.c[name].type) for name in names if name != key})
        )

    def read(self, row: Any) -> A:
        """The domain value of a row that has all its columns."""
        values = {name: row[name] for name in self._names}
        for name, reader in self._readers.items():
            if values[name] is not None:
                values[name] = reader(values[name])
        return self._kind(**values)

    async def find(self, act: UnitOfWork, key: UUID) -> A | None:
        """The aggregate, locked until the end of the act, or None."""
        row = await act.first(self._lock, of_key=key)
        return None if row is None else self.read(row)

    async def lock(self, act: UnitOfWork, key: UUID) -> A:
        """The aggregate, locked until the end of the act. Raises `NotFound`, or what was named instead."""
        found = await self.find(act, key)
        if found is None:
            raise self._unknown
        return found

    async def lock_all(self, act: UnitOfWork, keys: Iterable[UUID | None]) -> dict[UUID, A]:
        """Locks in the order of the keys. Raises `NotFound` when one is missing; None among the keys is passed over."""
        wanted = {key for key in keys if key is not None}
        rows = await act.all(self._lock_all, of_keys=list(wanted))
        if len(rows) < len(wanted):
            raise self._unknown
        return {row[self._key]: self.read(row) for row in rows}

    async def add(self, act: UnitOfWork, aggregate: A) -> None:
        await act.run(self._insert, **self._columns(aggregate))

    async def save(self, act: UnitOfWork, aggregate: A) -> None:
        columns = self._columns(aggregate)
        await act.run(self._update, of_key=columns.pop(self._key), **columns)

    def _columns(self, aggregate: A) -> dict[str, Any]:
        return {name: getattr(aggregate, name) for name in self._names}


def _enum_readers(kind: type) -> dict[str, Callable[[Any], Any]]:
    readers: dict[str, Callable[[Any], Any]] = {}
    for name, hint in get_type_hints(kind).items():
        for candidate in (hint, *get_args(hint)):
            if isinstance(candidate, type) and issubclass(candidate, StrEnum):
                readers[name] = candidate
    return readers
