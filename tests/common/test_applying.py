"""Applying the records of one partition: effects, inbox, dead letters and position are one transaction."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from aiokafka import TopicPartition

from common.applying import Applying, Effect, Projection, Reaction, Record, is_mistake
from common.context import current_trail
from common.db import UnitOfWork
from common.embedded import Postgres
from common.envelope import Received
from common.errors import NotYetKnown, Refusal
from common.incoming import Fate
from common.positions import Moved
from tests.common.records import a_record, garbage, good_headers, partition_of
from tests.common.toy import HEARD, KEYS, LOCK, Toy, a_counter, a_toy, hear, hear_together, read_counter

READER = "reader"


@dataclass
class Reading:
    """One consumer at one partition of a toy's topic."""

    toy: Toy
    effect: Effect[Any]
    at: int = 0

    @property
    def applying(self) -> Applying:
        return Applying(READER, self.toy.database, KEYS, {self.toy.topic.events: self.effect})

    async def take(self, *records: Record) -> None:
        self.at = await self.applying.apply(partition_of(self.toy), records, self.at)

    async def position(self) -> int:
        return (await self.applying.positions([partition_of(self.toy)]))[partition_of(self.toy)]

    async def heard(self) -> list[asyncpg.Record]:
        return await self.toy.database.read.all(HEARD)

    async def dead_letters(self) -> dict[int, asyncpg.Record]:
        rows = await self.toy.database.pool.fetch("SELECT record_offset, reason, sealed FROM dead_letter")
        return {row["record_offset"]: row for row in rows}


@pytest.fixture(scope="module")
async def kept(postgres: Postgres, template: str) -> AsyncIterator[Toy]:
    async with a_toy(postgres, template) as toy:
        yield toy


@pytest.fixture
async def fresh(kept: Toy) -> Toy:
    """One database for all tests of this file, emptied for each: sooner done than a new one."""
    owner = await asyncpg.connect(kept.admin_url)
    await owner.execute("TRUNCATE heard, tally, inbox, consumer_position, dead_letter")
    await owner.close()
    return kept


@pytest.fixture(params=["reaction", "projection"])
async def reading(fresh: Toy, request: pytest.FixtureRequest) -> Reading:
    effect = (
        Reaction(read_counter, hear)
        if request.param == "reaction"
        else Projection(read_counter, hear_together)
    )
    reading = Reading(fresh, effect)
    assert await reading.position() == 0
    return reading


@pytest.fixture
async def reacting(fresh: Toy) -> Reading:
    return await reacting_with(fresh, hear)


async def reacting_with(toy: Toy, handle) -> Reading:
    reading = Reading(toy, Reaction(read_counter, handle))
    await reading.position()
    return reading


async def test_the_position_moves_with_the_effects(reading: Reading):
    await reading.take(*(a_record(reading.toy, offset) for offset in range(5)))

    assert len(await reading.heard()) == 5
    assert reading.at == await reading.position() == 5


async def test_gaps_between_offsets_are_passed_over(reading: Reading):
    await reading.take(a_record(reading.toy, 3), a_record(reading.toy, 7))

    assert len(await reading.heard()) == 2
    assert await reading.position() == 8


async def test_a_resend_of_the_producer_has_no_second_effect(reading: Reading):
    counter_id = uuid4()
    await reading.take(
        a_record(reading.toy, 0, counter_id=counter_id, event_id="once"),
        a_record(reading.toy, 1, counter_id=counter_id, event_id="once"),
        a_record(reading.toy, 2),
    )
    await reading.take(a_record(reading.toy, 3, counter_id=counter_id, event_id="once"))

    assert [row["event_id"] for row in await reading.heard()].count("once") == 1
    assert len(await reading.heard()) == 2
    assert await reading.position() == 4


async def test_what_somebody_else_has_moved_past_is_void(reading: Reading):
    await reading.take(a_record(reading.toy, 0))
    behind = Reading(reading.toy, reading.effect)

    with pytest.raises(Moved):
        await behind.take(a_record(reading.toy, 0), a_record(reading.toy, 1))

    assert len(await reading.heard()) == 1
    assert await reading.position() == 1


async def test_garbage_becomes_dead_letters_and_good_records_around_it_are_unharmed(reading: Reading):
    expected: dict[int, str] = {}
    records = [a_record(reading.toy, 0)]
    for reason, otherwise in garbage(reading.toy).items():
        expected[len(records)] = reason
        records += [
            a_record(reading.toy, len(records), **otherwise),
            a_record(reading.toy, len(records) + 1),
        ]

    await reading.take(*records)

    assert {offset: row["reason"] for offset, row in (await reading.dead_letters()).items()} == expected
    assert len(await reading.heard()) == len(records) - len(expected)
    assert await reading.position() == len(records)


async def test_what_nothing_happened_in_and_what_is_of_a_later_form_is_counted_and_passed_over(
    reading: Reading,
):
    later = good_headers(reading.toy, uuid4(), 1)
    headers = [(name, value and value.replace(b"raised.v1", b"raised.v2")) for name, value in later]
    applying = reading.applying
    await applying.apply(
        partition_of(reading.toy),
        [
            a_record(reading.toy, 0, value=None),
            a_record(reading.toy, 1, headers=headers, key=dict(later)["ce_partitionkey"]),
            a_record(reading.toy, 2, event_id="once"),
        ],
        0,
    )
    await applying.apply(partition_of(reading.toy), [a_record(reading.toy, 3, event_id="once")], 3)
    await applying.apply(partition_of(reading.toy), [a_record(reading.toy, 4, value=b"{")], 4)

    assert applying.fates == dict.fromkeys(Fate, 1)
    assert len(await reading.heard()) == 1
    assert list(await reading.dead_letters()) == [4]
    assert await reading.position() == 5


async def test_a_tombstone_on_a_state_topic_becomes_a_dead_letter(fresh: Toy):
    """The owner never writes one: a deletion keeps its row, so a state has been lost from the topic."""
    topic = fresh.topic.state
    applying = Applying(READER, fresh.database, KEYS, {topic: Reaction(read_counter, hear)})
    await applying.positions([TopicPartition(topic, 0)])

    await applying.apply(TopicPartition(topic, 0), [replace(a_record(fresh, 0, value=None), topic=topic)], 0)

    assert await fresh.database.pool.fetchval("SELECT reason FROM dead_letter") == "no value"


async def test_a_dead_letter_keeps_the_whole_record_encrypted(reacting: Reading):
    secret = b"\xffJane Doe"
    record = a_record(reacting.toy, 0, key=secret, value=secret, headers=[("x", secret), ("y", None)])

    await reacting.take(record)

    (letter,) = (await reacting.dead_letters()).values()
    assert b"Jane" not in letter["sealed"] + letter["reason"].encode()
    kept = orjson.loads(KEYS.open(letter["sealed"], "dead_letter"))
    assert (bytes.fromhex(kept["key"]), bytes.fromhex(kept["value"])) == (secret, secret)
    assert kept["headers"] == [["x", secret.hex()], ["y", None]]


class NotOnTheWard(Refusal):
    code = "not_on_the_ward"


async def test_a_refused_record_becomes_a_dead_letter_and_the_next_is_applied(fresh: Toy):
    async def refuses_the_second(act: UnitOfWork, event: Received) -> None:
        await hear(act, event)
        if event.version == 2:
            raise NotOnTheWard

    reading = await reacting_with(fresh, refuses_the_second)

    await reading.take(*(a_record(fresh, offset, version=offset + 1) for offset in range(3)))

    assert sorted(row["version"] for row in await reading.heard()) == [1, 3]
    assert {k: row["reason"] for k, row in (await reading.dead_letters()).items()} == {
        1: "refused: not_on_the_ward"
    }


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT 1/0", "SQLSTATE 22012"),
        ("INSERT INTO heard VALUES (NULL, gen_random_uuid(), 1)", "SQLSTATE 23502"),
        ("INSERT INTO outbox_stream VALUES (false, 1, 1)", "SQLSTATE 23514 outbox_stream_single_check"),
        ("SELECT (SELECT i FROM generate_series(1, 2) AS i)", "SQLSTATE 21000"),
    ],
)
async def test_what_postgres_says_of_the_data_is_the_record_s_fault(fresh: Toy, statement: str, reason: str):
    await (await asyncpg.connect(fresh.admin_url)).execute("GRANT INSERT ON outbox_stream TO toy")

    async def breaks(act: UnitOfWork, _: Received) -> None:
        await act.connection.execute(statement)

    reading = await reacting_with(fresh, breaks)
    await reading.take(a_record(fresh, 0))

    (letter,) = (await reading.dead_letters()).values()
    assert letter["reason"] == reason


async def test_the_reason_of_a_dead_letter_quotes_no_value(fresh: Toy):
    async def mistakes(act: UnitOfWork, _: Received) -> None:
        await act.connection.execute("SELECT $1::int", "Jane Doe")

    reading = await reacting_with(fresh, mistakes)
    await reading.take(a_record(fresh, 0))

    (letter,) = (await reading.dead_letters()).values()
    assert letter["reason"] == "SQLSTATE 22000"


@pytest.mark.parametrize(
    ("trouble", "of_ours"),
    [
        (OSError(), False),
        (asyncpg.InterfaceError("closed"), False),
        (asyncpg.TooManyConnectionsError(), False),
        (NotYetKnown(), False),
        (KeyError("id"), True),
        (TypeError(), True),
        (ValueError(), True),
        (asyncpg.UndefinedTableError(), True),
    ],
)
async def test_trouble_that_is_not_the_record_s_is_waited_out(fresh: Toy, trouble: Exception, of_ours: bool):
    async def in_trouble(act: UnitOfWork, event: Received) -> None:
        await hear(act, event)
        raise trouble

    reading = await reacting_with(fresh, in_trouble)
    with pytest.raises(type(trouble)) as raised:
        await reading.take(a_record(fresh, 0))

    assert is_mistake(raised.value) is of_ours
    assert not await reading.heard()
    assert not await reading.dead_letters()
    assert await reading.position() == 0


async def test_a_deadlock_inside_a_handler_is_repeated(fresh: Toy):
    one, other = await a_counter(fresh), await a_counter(fresh)
    both_hold_one = asyncio.Barrier(2)
    tries: list[int] = []

    async def takes_both(act: UnitOfWork, event: Received) -> None:
        tries.append(event.version)
        await act.first(LOCK, of_id=one)
        if len(tries) == 1:
            await both_hold_one.wait()
        await act.first(LOCK, of_id=other)
        await hear(act, event)

    async def takes_both_the_other_way() -> None:
        async with fresh.database.write() as act:
            await act.connection.execute(
                "SET LOCAL deadlock_timeout = '10s'"
            )  # so that the handler is the victim
            await act.first(LOCK, of_id=other)
            await both_hold_one.wait()
            await act.first(LOCK, of_id=one)

    await (await asyncpg.connect(fresh.admin_url)).execute("GRANT SET ON PARAMETER deadlock_timeout TO toy")
    reading = await reacting_with(fresh, takes_both)
    await asyncio.gather(reading.take(a_record(fresh, 0)), takes_both_the_other_way())

    assert tries == [1, 1]
    assert len(await reading.heard()) == 1
    assert not await reading.dead_letters()


async def test_a_projection_takes_a_batch_in_one_transaction_sorted_by_key(fresh: Toy):
    seen: list[tuple[UUID, int]] = []

    async def look(act: UnitOfWork, events) -> None:
        seen.extend((UUID(event.payload["id"]), event.version) for event in events)
        await hear_together(act, events)

    reading = Reading(fresh, Projection(read_counter, look))
    await reading.position()
    first, second = sorted((uuid4(), uuid4()))
    order = [(second, 1), (first, 1), (second, 2), (first, 2)]
    await reading.take(
        *(a_record(fresh, n, counter_id=key, version=version) for n, (key, version) in enumerate(order))
    )

    assert seen == [(first, 1), (first, 2), (second, 1), (second, 2)]
    assert len({row["batch"] for row in await reading.heard()}) == 1


async def test_a_batch_with_one_bad_record_is_projected_one_by_one(fresh: Toy):
    reading = Reading(fresh, Projection(read_counter, hear_together))
    await reading.position()
    await reading.take(
        a_record(fresh, 0), a_record(fresh, 1, value=b'{"id": "no uuid", "value": 1}'), a_record(fresh, 2)
    )

    assert len({row["batch"] for row in await reading.heard()}) == len(await reading.heard()) == 2
    assert {k: row["reason"] for k, row in (await reading.dead_letters()).items()} == {
        1: "payload: id uuid_parsing"
    }
    assert await reading.position() == 3


async def test_what_an_event_causes_belongs_to_its_trail(fresh: Toy):
    trails = []

    async def look(act: UnitOfWork, event: Received) -> None:
        trails.append(current_trail())

    reading = await reacting_with(fresh, look)
    await reading.take(a_record(fresh, 0, event_id="cause-1"))

    (trail,) = trails
    assert (trail.correlation_id, trail.causation_id, trail.actor) == (
        "request-1",
        "cause-1",
        "service/reader",
    )


async def test_each_consumer_has_an_inbox_and_a_position_of_its_own(reacting: Reading):
    record = a_record(reacting.toy, 0)
    other = Applying("other", reacting.toy.database, KEYS, reacting.applying.effects)
    await other.positions([partition_of(reacting.toy)])

    await reacting.take(record)
    await other.apply(partition_of(reacting.toy), [record], 0)

    assert len(await reacting.heard()) == 2
