"""Core statements, compiled once for asyncpg and then run as plain SQL (architecture: *Fast by design*)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Table, bindparam, literal_column
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]


class Statement:
    """One SQL statement with named parameters.

    Literals in the Core expression became parameters too, so they are merged in at each call. A parameter that the
    caller forgets or invents is a `TypeError`: python-side defaults do not run on compiled statements.
    """

    __slots__ = ("_fixed", "_names", "_open", "sql")

    def __init__(self, core: ClauseElement) -> None:
        compiled = core.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())
        required = {name for name, bind in compiled.binds.items() if bind.required}
        self._open = frozenset(required.intersection(self._names))
        self._fixed = {name: value for name, value in compiled.params.items() if name not in required}

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of `$1, $2, …`."""
        if values.keys() != self._open:
            missing, unknown = self._open - values.keys(), values.keys() - self._open
            raise TypeError(f"missing {sorted(missing)}, unknown {sorted(unknown)} in: {self.sql}")
        return [values[name] if name in self._open else self._fixed[name] for name in self._names]


def insert_into(table: Table, *columns: str) -> Insert:
    """`INSERT` of exactly these columns (all of them when none is named), each a parameter of its own name."""
    names = columns or tuple(table.columns.keys())
    return insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in names})


def constant(word: str) -> ColumnElement[str]:
    """A word that stands in the SQL itself, so that partial indexes on it are always recognised."""
    if not word.replace("_", "").isalnum():
        raise ValueError(f"not a plain word: {word!r}")
    return literal_column(f"'{word}'")
