"""Lists: filters, order and keyset paging as one statement per order; the cursor holds a sort value and a key."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import orjson
import sqlalchemy as sa
from fastapi import Depends, Query

from common.errors import FieldError, Invalid
from common.statements import Statement

DEFAULT_LIMIT, MAX_LIMIT = 50, 200


class BadCursor(Invalid):
    code = "bad_cursor"
    sentence = "This cursor was not made by this list in this order. Start again without `after`."


@dataclass(frozen=True, slots=True)
class Page:
    """How much of a list is wanted, in which order and from where on."""

    limit: int = DEFAULT_LIMIT
    after: str | None = None
    order: str | None = None


async def paged(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    after: Annotated[str | None, Query(max_length=500, description="cursor of the page before")] = None,
    order: Annotated[str | None, Query(max_length=40, description="field, or -field for descending")] = None,
) -> Page:
    """A function that is no coroutine, or a class, would be called in a thread for every request."""
    return Page(limit, after, order)


Paged = Annotated[Page, Depends(paged)]


class Listing:
    """A SELECT that can be read page by page in any of its orders. Sort columns must never be null."""

    def __init__(
        self,
        select: "sa.Select[Any]",
        *,
        key: "sa.ColumnElement[Any]",
        orders: Mapping[str, "sa.ColumnElement[Any]"],
        default: str,
    ) -> None:
        self._default = default
        self._kinds = {name: column.type.python_type for name, column in orders.items()}
        self._statements = {
            sign + name: Statement(_paged(select, column, key, descending=bool(sign)))
            for name, column in orders.items()
            for sign in ("", "-")
        }
        self._key = key.key or "id"
        self._key_kind = key.type.python_type

    async def read(self, reader: Any, page: Page, **filters: Any) -> tuple[Sequence[Any], str | None]:
        """The rows of the page and the cursor of the next one. Raises `Invalid` for an order that is not offered."""
        order = page.order or self._default
        statement = self._statements.get(order)
        if statement is None:
            names = ", ".join(sorted(name for name in self._statements if not name.startswith("-")))
            raise Invalid(
                errors=[FieldError(field="query.order", code="unknown_order", message=f"one of {names}")]
            )
        field = order.removeprefix("-")
        value, row_id = self._position(page.after, field)
        try:
            rows = await reader.all(
                statement, after_value=value, after_id=row_id, page_limit=page.limit + 1, **filters
            )
        except asyncpg.DataError:  # of the right kind, and yet nothing that a column can hold
            if page.after is None:
                raise
            raise BadCursor from None
        if len(rows) <= page.limit:
            return rows, None
        last = rows[page.limit - 1]
        cursor = orjson.dumps([last[field], last[self._key]], option=orjson.OPT_UTC_Z)
        return rows[: page.limit], base64.urlsafe_b64encode(cursor).decode().rstrip("=")

    def _position(self, after: str | None, field: str) -> tuple[Any, Any]:
        if after is None:
            return None, None
        try:
            value, row_id = orjson.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
            return _restored(self._kinds[field], value), _restored(self._key_kind, row_id)
        except (ValueError, TypeError, AttributeError, binascii.Error):
            raise BadCursor from None


def _restored(kind: type[Any], value: Any) -> Any:
    """A value of a cursor as its column takes it: cursors come back from outside. Raises ValueError or TypeError."""
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if type(value) is not kind:  # True is no 1
        raise TypeError("not of the kind of the column")
    return value


def _paged(
    select: "sa.Select[Any]",
    column: "sa.ColumnElement[Any]",
    key: "sa.ColumnElement[Any]",
    *,
    descending: bool,
) -> "sa.Select[Any]":
    value: sa.BindParameter[Any] = sa.bindparam("after_value", type_=column.type)
    here, there = sa.tuple_(column, key), sa.tuple_(value, sa.bindparam("after_id", type_=key.type))
    beyond = here < there if descending else here > there
    order = (column.desc(), key.desc()) if descending else (column, key)
    return select.where(sa.or_(value.is_(None), beyond)).order_by(*order).limit(sa.bindparam("page_limit"))


def optional(column: "sa.ColumnElement[Any]", name: str) -> "sa.ColumnElement[bool]":
    """A filter of a list: the column equals the parameter, or the parameter is None."""
    wanted: sa.BindParameter[Any] = sa.bindparam(name, type_=column.type)
    return sa.or_(wanted.is_(None), column == wanted)
