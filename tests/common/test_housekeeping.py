"""Housekeeping: what is past its keep goes, and the outbox has a partition for each day."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from common.dead_letters import KEEP_DAYS as DEAD_LETTER_DAYS
from common.housekeeping import keep_house
from common.idempotency import KEEP_DAYS as IDEMPOTENCY_DAYS
from common.positions import INBOX_KEEP_DAYS
from tests.common.toy import OWNER, Toy, a_counter


@pytest.fixture
async def owner(fresh: Toy) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(fresh.admin_url)
    await connection.execute(f"SET ROLE {OWNER}")
    yield connection
    await connection.close()


async def partitions(owner: Any) -> list[str]:
    rows = await owner.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'outbox'::regclass ORDER BY 1"
    )
    return [row["name"] for row in rows]


async def named(owner: Any, *days: int) -> list[str]:
    rows = await owner.fetch(
        "SELECT to_char(current_date + d, 'YYYYMMDD') AS d FROM unnest($1::int[]) AS d", days
    )
    return sorted(f"outbox_{row['d']}" for row in rows)


async def a_past_day(owner: Any, days: int, *, published: bool) -> None:
    """A partition of that many days ago with one event in it."""
    (name,) = await named(owner, -days)
    day = await owner.fetchval("SELECT current_date - $1::int", days)
    await owner.execute(
        f"CREATE TABLE {name} PARTITION OF outbox FOR VALUES FROM ('{day}') TO ('{day}'::date + 1)"
    )
    await backdate(owner, days, published=published)


async def backdate(owner: Any, days: int, *, published: bool) -> None:
    await owner.execute(
        """INSERT INTO outbox (id, key, type, subject, version, occurred_at, correlation_id, actor, value, day,
             published_at)
           VALUES (gen_random_uuid(), gen_random_uuid(), 't', 's', 1, now(), 'c', 'a', '', current_date - $1::int,
             CASE WHEN $2 THEN now() END)""",
        days,
        published,
    )


async def test_there_is_a_partition_for_today_and_three_days_more(fresh: Toy, owner: Any):
    for name in await named(owner, 2, 3):
        await owner.execute(f"DROP TABLE {name}")

    await keep_house(fresh.database)
    await keep_house(fresh.database)

    assert await partitions(owner) == [*(await named(owner, 0, 1, 2, 3)), "outbox_late"]


async def test_an_event_lies_in_the_partition_of_its_day(fresh: Toy, owner: Any):
    await a_counter(fresh)

    assert await owner.fetchval("SELECT tableoid::regclass::text FROM outbox") == (await named(owner, 0))[0]


async def test_days_past_their_keep_go_once_all_of_them_is_published(fresh: Toy, owner: Any):
    await a_past_day(owner, 7, published=True)
    await a_past_day(owner, 8, published=True)
    await a_past_day(owner, 9, published=False)

    await keep_house(fresh.database)

    assert await partitions(owner) == [*(await named(owner, -9, -7, 0, 1, 2, 3)), "outbox_late"]


async def test_a_day_that_began_without_its_partition_does_not_keep_the_next_from_theirs(
    fresh: Toy, owner: Any
):
    """After days at rest the first events come before the first housekeeping."""
    for name in await named(owner, 0, 1, 2, 3):
        await owner.execute(f"DROP TABLE {name}")
    await a_counter(fresh)

    await keep_house(fresh.database)

    assert await partitions(owner) == [*(await named(owner, 1, 2, 3)), "outbox_late"]


async def test_what_came_late_goes_after_its_keep_too(fresh: Toy, owner: Any):
    await backdate(owner, 8, published=True)
    await backdate(owner, 8, published=False)
    await backdate(owner, 6, published=True)

    await keep_house(fresh.database)

    assert await owner.fetchval("SELECT count(*) FROM outbox_late") == 2


async def test_keys_inbox_and_dead_letters_are_forgotten_after_their_days(fresh: Toy, owner: Any):
    for days, kept in ((-1, "kept"), (1, "gone")):
        await owner.execute(
            "INSERT INTO idempotency VALUES (gen_random_uuid(), $1, '', 200, NULL, now() - $2 * interval '1 day')",
            kept, IDEMPOTENCY_DAYS + days,
        )  # fmt: skip
        await owner.execute(
            "INSERT INTO inbox VALUES ('c', 's', $1, now() - $2 * interval '1 day')",
            kept,
            INBOX_KEEP_DAYS + days,
        )
        await owner.execute(
            "INSERT INTO dead_letter VALUES ('c', $1, 0, 0, 'r', '', now() - $2 * interval '1 day')",
            kept, DEAD_LETTER_DAYS + days,
        )  # fmt: skip

    await keep_house(fresh.database)

    for column, table in (("key", "idempotency"), ("event_id", "inbox"), ("topic", "dead_letter")):
        assert [row[0] for row in await owner.fetch(f"SELECT {column} FROM {table}")] == ["kept"]


async def test_the_service_s_role_changes_no_table_and_forgets_no_event(fresh: Toy):
    for forbidden in (
        "DROP TABLE outbox",
        "DELETE FROM outbox",
        "TRUNCATE inbox",
        "CREATE TABLE mine (id int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fresh.database.pool.execute(forbidden)
