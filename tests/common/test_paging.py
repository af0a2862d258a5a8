"""Walking a list page by page in any of its orders."""

import base64
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import sqlalchemy as sa

from common.errors import Invalid
from common.paging import BadCursor, Listing, Page, optional
from common.statements import Statement, insert_into
from tests.common.toy import Toy, counter

COLUMNS = "id", "name", "value", "department_id", "changed_at", "version"
ADD = Statement(insert_into(counter, *COLUMNS))
LISTING = Listing(
    sa.select(*(counter.c[name] for name in COLUMNS)).where(
        counter.c.department_id == sa.bindparam("of_department"), optional(counter.c.value, "value")
    ),
    key=counter.c.id,
    orders={name: counter.c[name] for name in ("id", "name", "value", "changed_at")},
    default="changed_at",
)


@pytest.fixture(scope="module")
async def department(toy: Toy) -> UUID:
    """Thirty counters of which many have equal values and times."""
    department_id, start = uuid4(), datetime(2026, 11, 24, 10, 0, 0, 123456, UTC)
    for n in range(30):
        await toy.database.read.all(
            ADD,
            id=uuid4(),
            name=f"Zoë {n % 7} {uuid4()}",
            value=n % 3,
            department_id=department_id,
            changed_at=start + timedelta(microseconds=n % 4),
            version=1,
        )
    return department_id


async def walk(toy: Toy, department: UUID, order: str | None, limit: int, **filters: Any) -> list[Any]:
    rows: list[Any] = []
    after = None
    for _ in range(100):
        page, after = await LISTING.read(
            toy.database.read,
            Page(limit, after, order),
            of_department=department,
            **({"value": None} | filters),
        )
        assert len(page) <= limit
        rows += page
        if after is None:
            return rows
    raise AssertionError("no end")


def orders() -> Iterator[str]:
    for name, sign in itertools.product(("id", "name", "value", "changed_at"), ("", "-")):
        yield sign + name


@pytest.mark.parametrize("order", list(orders()))
@pytest.mark.parametrize("limit", [1, 4, 30, 200])
async def test_every_row_is_seen_once_in_its_order(toy: Toy, department: UUID, order: str, limit: int):
    rows = await walk(toy, department, order, limit)

    name = order.removeprefix("-")
    keys = [(row[name], row["id"]) for row in rows]
    assert len({row["id"] for row in rows}) == len(rows) == 30
    assert keys == sorted(keys, reverse=order.startswith("-"))


async def test_a_filter_holds_on_every_page(toy: Toy, department: UUID):
    rows = await walk(toy, department, None, 3, value=1)

    assert [row["value"] for row in rows] == [1] * 10


async def test_a_row_that_is_added_meanwhile_does_not_shift_the_others(toy: Toy, department: UUID):
    first, after = await LISTING.read(
        toy.database.read, Page(10, None, "name"), of_department=department, value=None
    )
    await toy.database.read.all(
        ADD, id=uuid4(), name=f"AAA {uuid4()}", value=9, department_id=department,
        changed_at=datetime.now(UTC), version=1,
    )  # fmt: skip
    second, _ = await LISTING.read(
        toy.database.read, Page(10, after, "name"), of_department=department, value=None
    )
    await toy.database.pool.execute("DELETE FROM counter WHERE department_id = $1 AND value = 9", department)

    assert not {row["id"] for row in first} & {row["id"] for row in second}


async def test_an_order_that_is_not_offered_is_invalid(toy: Toy, department: UUID):
    with pytest.raises(Invalid) as refused:
        await LISTING.read(toy.database.read, Page(10, None, "seat"), of_department=department, value=None)

    assert refused.value.errors == [
        {"field": "query.order", "code": "unknown_order", "message": "one of changed_at, id, name, value"}
    ]


def a_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


NO_CURSORS = [
    "x",
    "%",
    "ä",
    "",
    "e30",
    a_cursor(),
    a_cursor(1),
    a_cursor("a", "b"),
    a_cursor(1, 2, 3),
    a_cursor(1, 7),
]
NO_VALUES: list[Any] = [None, [], {}, True, "a\0", 2**63, 1.5]


@pytest.mark.parametrize("cursor", [*NO_CURSORS, *(a_cursor(value, UUID(int=1)) for value in NO_VALUES)])
@pytest.mark.parametrize("order", ["id", "name", "value", "changed_at"])
async def test_a_cursor_that_this_list_did_not_make_is_refused(
    toy: Toy, department: UUID, order: str, cursor: str
):
    with pytest.raises(BadCursor):
        await LISTING.read(toy.database.read, Page(10, cursor, order), of_department=department, value=None)
