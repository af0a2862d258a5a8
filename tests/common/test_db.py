"""One act in one transaction: its time, its constraints, its end."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import sqlalchemy as sa

from common.command import command
from common.db import UnitOfWork
from common.idempotency import UNCONDITIONAL, Outcome
from common.statements import Statement
from tests.common.toy import (
    LOCK,
    WRITE,
    CeilingReached,
    Counter,
    NameTaken,
    SeatTaken,
    Toy,
    a_counter,
    a_fact,
    add_counter,
    counter_of,
    raise_counter,
    somebody_waits,
)

_OUTBOX = Statement(sa.text("SELECT count(*) FROM outbox WHERE key = :of_key"))


async def test_the_time_of_an_act_is_read_after_its_locks(toy: Toy):
    counter_id = await a_counter(toy)
    started = asyncio.Event()

    async def waiter():
        async with toy.database.write() as act:
            began = await act.connection.fetchval("SELECT now()")
            started.set()
            await act.first(LOCK, of_id=counter_id)
            return began, await act.moment()

    async with toy.database.write() as first:
        await first.first(LOCK, of_id=counter_id)
        second = asyncio.create_task(waiter())
        await started.wait()
        await somebody_waits(toy)
        held_until = await first.connection.fetchval("SELECT clock_timestamp()")
    began, moment = await second

    assert began < held_until < moment


async def test_the_time_of_an_act_is_later_than_every_change_that_it_builds_on(toy: Toy):
    async with toy.database.write() as act:
        ahead = await act.moment() + timedelta(hours=1)  # as another server's clock may have been

        assert await act.moment(ahead, None) == ahead + timedelta(microseconds=1)


async def test_a_constraint_becomes_the_refusal_of_its_name(toy: Toy):
    name = f"counter {uuid4()}"
    counter_id = (await add_counter(toy.database, UNCONDITIONAL, name)).resource

    with pytest.raises(NameTaken):
        await add_counter(toy.database, UNCONDITIONAL, name)
    with pytest.raises(CeilingReached):
        await raise_counter(toy.database, UNCONDITIONAL, counter_id, by=1001)


async def test_a_constraint_without_a_refusal_stays_an_error(toy: Toy):
    counter_id = await a_counter(toy)

    @command
    async def forgets_the_value(act: UnitOfWork) -> Outcome:
        await act.run(WRITE, of_id=counter_id, value=None, changed_at=await act.moment(), version=2)
        return Outcome(200, counter_id)

    with pytest.raises(asyncpg.NotNullViolationError):
        await forgets_the_value(toy.database, UNCONDITIONAL)


async def test_nothing_stays_of_an_act_that_fails(toy: Toy):
    counter_id = await a_counter(toy)
    committed: list[object] = []

    @command
    async def fails(act: UnitOfWork) -> Outcome:
        await act.run(WRITE, of_id=counter_id, value=5, changed_at=await act.moment(), version=2)
        act.publish(a_fact(toy, counter_id))
        act.afterwards.append(lambda: committed.append("told"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails(toy.database, UNCONDITIONAL)

    assert (await counter_of(toy, counter_id)).version == 1
    assert await toy.database.read.value(_OUTBOX, of_key=counter_id) == 1
    assert not committed


async def test_an_act_whose_commit_fails_gives_no_outcome(toy: Toy):
    """The constraint is deferred: only the commit finds out, after the handler had made its outcome."""
    await a_counter(toy, seat=7)
    name = f"counter {uuid4()}"

    with pytest.raises(SeatTaken):
        await add_counter(toy.database, UNCONDITIONAL, name, seat=7)

    assert not await toy.database.pool.fetchval("SELECT count(*) FROM counter WHERE name = $1", name)


async def test_an_act_is_committed_when_others_are_told_of_it(toy: Toy):
    counter_id = await a_counter(toy)
    looks: list[asyncio.Task[Counter]] = []
    toy.database.after_commit(lambda _: looks.append(asyncio.create_task(counter_of(toy, counter_id))))
    try:
        await raise_counter(toy.database, UNCONDITIONAL, counter_id)
    finally:
        toy.database._after_commit.clear()

    assert (await looks[0]).version == 2


async def test_facts_are_recorded_after_the_change_that_they_tell_of(toy: Toy):
    """Whoever gets the row first also gets the earlier place in the outbox, however late it publishes."""
    counter_id = await a_counter(toy)
    await asyncio.gather(*(raise_counter(toy.database, UNCONDITIONAL, counter_id) for _ in range(30)))

    rows = await toy.database.pool.fetch(
        "SELECT version FROM outbox WHERE key = $1 ORDER BY position", counter_id
    )

    assert [row["version"] for row in rows] == list(range(1, 32))


async def test_a_member_that_stops_inside_its_transaction_loses_its_locks(toy: Toy):
    connection = await toy.database.pool.acquire()
    try:
        assert await connection.fetchval("SHOW idle_in_transaction_session_timeout") == "5s"
    finally:
        await toy.database.pool.release(connection)


async def test_ids_and_json_come_back_as_plain_values(toy: Toy):
    key = uuid4()
    row: Any = await toy.database.pool.fetchrow(
        "SELECT $1::uuid AS id, ARRAY[$1::uuid] AS ids, $2::jsonb AS body", key, {"a": [1, None]}
    )

    assert (type(row["id"]), row["id"], row["ids"], row["body"]) == (type(key), key, [key], {"a": [1, None]})


async def test_a_reader_takes_part_in_no_transaction(toy: Toy):
    counter_id = await a_counter(toy)
    async with toy.database.write() as act:
        await act.run(WRITE, of_id=counter_id, value=9, changed_at=await act.moment(), version=2)

        assert (await counter_of(toy, counter_id)).value == 0
    assert (await counter_of(toy, counter_id)).value == 9
