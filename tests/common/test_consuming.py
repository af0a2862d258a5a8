"""Consuming on a real broker with the position in Postgres: nothing is lost and nothing is done twice."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from common import consuming as module
from common.applying import Applying, Effect, Effects, Projection, Reaction
from common.catching_up import CatchingUp
from common.consuming import Consuming
from common.db import UnitOfWork
from common.embedded import Kafka
from common.envelope import Received
from tests.common.records import a_record, garbage, send, send_with_unreadable_header_key
from tests.common.toy import HEARD, KEYS, Toy, hear, hear_together, read_counter
from tests.support.broker import freezing
from tests.support.children import a_child
from tests.support.waiting import eventually

CONSUMER = "tests.common.programs.consumer"
HEARING = Reaction(read_counter, hear)


def a_consumer(toy: Toy, kafka: Kafka, effect: Effect[Any] = HEARING) -> Consuming:
    effects: Effects = {toy.topic.events: effect}
    return Consuming(kafka.bootstrap, Applying(toy.service, toy.database, KEYS, effects))


@asynccontextmanager
async def consuming(toy: Toy, kafka: Kafka, effect: Effect[Any] = HEARING) -> AsyncIterator[Consuming]:
    consumer = a_consumer(toy, kafka, effect)
    async with consumer.running():
        yield consumer


async def tell(toy: Toy, kafka: Kafka, many: int, *, first: int = 1) -> list[UUID]:
    """So many counters tell of themselves once, in versions that rise by one."""
    counters = [uuid4() for _ in range(many)]
    records = [a_record(toy, counter_id=counter, version=first + n) for n, counter in enumerate(counters)]
    await asyncio.to_thread(send, kafka.bootstrap, *records)
    return counters


async def heard(toy: Toy) -> list[int]:
    return sorted(row["version"] for row in await toy.database.read.all(HEARD))


async def has_heard(toy: Toy, many: int, *, within: float = 15.0) -> None:
    async def enough() -> bool:
        return len(await heard(toy)) >= many

    await eventually(enough, within=within)
    assert await heard(toy) == list(range(1, many + 1))


async def total_position(toy: Toy) -> int:
    return int(await toy.database.pool.fetchval("SELECT sum(next_offset) FROM consumer_position") or 0)


async def test_a_new_consumer_begins_with_the_first_record(told: Toy, kafka: Kafka):
    await tell(told, kafka, 50)

    async with consuming(told, kafka):
        await has_heard(told, 50)
        assert await total_position(told) == 50


async def test_it_goes_on_where_the_stored_position_is(told: Toy, kafka: Kafka):
    async with consuming(told, kafka):
        await tell(told, kafka, 10)
        await has_heard(told, 10)
    await tell(told, kafka, 10, first=11)
    async with consuming(told, kafka):
        await has_heard(told, 20)
        await tell(told, kafka, 10, first=21)
        await has_heard(told, 30)

    assert await total_position(told) == 30


async def test_garbage_in_kafka_harms_nothing_around_it(told: Toy, kafka: Kafka):
    counters = await tell(told, kafka, 3)
    bad = [a_record(told, **otherwise) for otherwise in garbage(told).values()]
    for record in bad:
        await asyncio.to_thread(send, kafka.bootstrap, record)
    await asyncio.to_thread(
        send,
        kafka.bootstrap,
        *(a_record(told, counter_id=counter, version=4 + n) for n, counter in enumerate(counters)),
    )

    async with consuming(told, kafka):
        await has_heard(told, 6)
        await eventually(
            lambda: told.database.pool.fetchval("SELECT count(*) = $1 FROM dead_letter", len(bad))
        )
        assert await total_position(told) == 6 + len(bad)


async def test_a_header_key_that_is_not_utf_8_is_stepped_over(told: Toy, kafka: Kafka, monkeypatch):
    """The client cannot read past it: the keeper notices, buries it, and the partition goes on."""
    monkeypatch.setattr(module, "STUCK_SECONDS", 0.5)
    await tell(told, kafka, 20)
    for partition in range(3):
        await send_with_unreadable_header_key(kafka.bootstrap, told.topic.events, partition)
    await tell(told, kafka, 20, first=21)

    async with consuming(told, kafka) as consumer:
        await has_heard(told, 40, within=30)
        await eventually(consumer.caught_up.is_set)

    reasons = await told.database.pool.fetch("SELECT reason FROM dead_letter")
    assert [row["reason"] for row in reasons] == ["a header key is not UTF-8"] * 3


async def test_a_kill_between_effect_and_commit_loses_and_doubles_nothing(told: Toy, kafka: Kafka):
    await tell(told, kafka, 30)
    async with a_child(CONSUMER, told.service, told.url, kafka.bootstrap) as child:
        await child.said("inside")
        await child.kill()

    async with consuming(told, kafka):
        await has_heard(told, 30, within=25)  # the dead member's session has to end first


async def test_members_come_and_go_and_each_event_has_one_effect(told: Toy, kafka: Kafka):
    taken: dict[str, set[int]] = {"first": set(), "second": set()}

    def counting(name: str) -> Effect[Any]:
        async def handle(act: UnitOfWork, event: Received) -> None:
            await hear(act, event)
            taken[name].add(event.version)

        return Reaction(read_counter, handle)

    many = 0

    async def both_have_taken() -> bool:
        nonlocal many
        await tell(told, kafka, 50, first=many + 1)
        many += 50
        await has_heard(told, many)
        return all(taken.values())

    async with consuming(told, kafka, counting("second")) as second:
        await eventually(second.caught_up.is_set)
        async with consuming(told, kafka, counting("first")):
            await eventually(both_have_taken, within=30)
            await both_have_taken()
        await both_have_taken()


async def test_a_database_restored_to_an_earlier_moment_is_noticed_and_caught_up(
    told: Toy, kafka: Kafka, monkeypatch
):
    monkeypatch.setattr(module, "RECHECK_SECONDS", 0.3)
    copies = "heard", "tally", "inbox", "consumer_position"
    owner = await asyncpg.connect(told.admin_url)
    async with consuming(told, kafka):
        await tell(told, kafka, 20)
        await has_heard(told, 20)
        for table in copies:
            await owner.execute(f"CREATE TABLE {table}_backup AS TABLE {table}")
        await tell(told, kafka, 20, first=21)
        await has_heard(told, 40)
        async with owner.transaction():
            for table in copies:
                await owner.execute(f"DELETE FROM {table}; INSERT INTO {table} TABLE {table}_backup")
        assert len(await heard(told)) == 20

        await has_heard(told, 40)
        assert await total_position(told) == 40
    await owner.close()


async def test_what_the_inbox_knows_is_read_again_without_a_second_effect(
    told: Toy, kafka: Kafka, monkeypatch
):
    monkeypatch.setattr(module, "RECHECK_SECONDS", 0.3)
    async with consuming(told, kafka):
        await tell(told, kafka, 20)
        await has_heard(told, 20)
        await told.database.pool.execute("UPDATE consumer_position SET next_offset = 0")

        await eventually(
            lambda: told.database.pool.fetchval("SELECT sum(next_offset) = 20 FROM consumer_position")
        )
        assert len(await heard(told)) == 20


async def test_connections_that_end_midway_lose_and_double_nothing(told: Toy, kafka: Kafka):
    owner = await asyncpg.connect(told.admin_url)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'toy' AND datname = $1"
    async with consuming(told, kafka):
        await tell(told, kafka, 300)
        for applied in (0, 60, 120):
            await eventually(partial(owner.fetchval, "SELECT count(*) > $1 FROM heard", applied), every=0.01)
            await owner.execute(end, told.service)

        async def all_heard() -> bool:
            return bool(await owner.fetchval("SELECT count(*) >= 300 FROM heard"))

        await eventually(all_heard)
        await has_heard(told, 300)
    await owner.close()


async def test_trouble_is_waited_out_and_the_record_is_not_buried(told: Toy, kafka: Kafka):
    troubles = [OSError("away"), asyncpg.CannotConnectNowError("starting")]

    async def twice_in_trouble(act: UnitOfWork, event: Received) -> None:
        if troubles:
            raise troubles.pop()
        await hear(act, event)

    await tell(told, kafka, 5)
    async with consuming(told, kafka, Reaction(read_counter, twice_in_trouble)):
        await has_heard(told, 5)

    assert not await told.database.pool.fetchval("SELECT count(*) FROM dead_letter")


async def test_a_mistake_of_ours_stops_one_partition_alone_until_it_is_mended(told: Toy, kafka: Kafka):
    mistaken = True

    async def mistakes_the_fifth(act: UnitOfWork, event: Received) -> None:
        if event.version == 5 and mistaken:
            raise KeyError("a field that this program forgot")
        await hear(act, event)

    await tell(told, kafka, 60)
    async with consuming(told, kafka, Reaction(read_counter, mistakes_the_fifth)) as consumer:
        await eventually(lambda: _stands_still(consumer))
        behind = await told.database.pool.fetchval(
            "SELECT 60 - sum(next_offset) FROM consumer_position"  # what lies behind the fifth waits
        )
        await tell(told, kafka, 60, first=61)

        async def others_go_on() -> bool:
            stand = await told.database.pool.fetch("SELECT next_offset FROM consumer_position")
            applied = await heard(told)
            return 5 not in applied and len(applied) == sum(row[0] for row in stand) > 60

        await eventually(others_go_on)
        assert behind >= 1
        assert await consumer.standing_still() == {told.topic.events: 1}
        mistaken = False
        await has_heard(told, 120)
        assert await consumer.standing_still() == {told.topic.events: 0}

    assert not await told.database.pool.fetchval("SELECT count(*) FROM dead_letter")


async def _stands_still(consumer: Consuming) -> bool:
    return any((await consumer.standing_still()).values())


async def test_a_projection_is_fed_whole_batches(told: Toy, kafka: Kafka):
    await tell(told, kafka, 200)
    async with consuming(told, kafka, Projection(read_counter, hear_together)):
        await has_heard(told, 200)

    assert await told.database.pool.fetchval("SELECT count(DISTINCT batch) FROM heard") < 50


async def test_it_is_caught_up_once_it_has_applied_what_was_there_at_the_start(told: Toy, kafka: Kafka):
    go_on = asyncio.Event()

    async def held_up(act: UnitOfWork, event: Received) -> None:
        if event.version == 20:
            await go_on.wait()
        await hear(act, event)

    await tell(told, kafka, 20)
    async with consuming(told, kafka, Reaction(read_counter, held_up)) as consumer:
        await eventually(lambda: told.database.pool.fetchval("SELECT count(*) > 0 FROM heard"))
        assert await consumer.is_behind()
        assert not consumer.caught_up.is_set()
        go_on.set()
        await asyncio.wait_for(consumer.caught_up.wait(), 10)
        assert await heard(told) == list(range(1, 21))
        assert not await consumer.is_behind()


async def test_it_is_caught_up_with_topics_that_are_empty(told: Toy, kafka: Kafka):
    async with consuming(told, kafka) as consumer:
        await asyncio.wait_for(consumer.caught_up.wait(), 10)
        assert not await consumer.is_behind()


async def test_it_is_caught_up_with_topics_whose_records_have_been_deleted_with_age(told: Toy, kafka: Kafka):
    await tell(told, kafka, 30)
    await delete_records(kafka, told.topic.events, {0: -1, 1: -1, 2: -1})

    async with consuming(told, kafka) as consumer:
        await asyncio.wait_for(consumer.caught_up.wait(), 10)
        assert not await consumer.is_behind()
        await tell(told, kafka, 10)
        await has_heard(told, 10)


async def test_more_replicas_than_partitions_are_all_caught_up(told: Toy, kafka: Kafka):
    """One of four is assigned nothing and has what the others apply."""
    await tell(told, kafka, 30)
    replicas = [a_consumer(told, kafka) for _ in range(4)]

    async with AsyncExitStack() as stack:
        for replica in replicas:
            await stack.enter_async_context(replica.running())
        await has_heard(told, 30)
        await asyncio.wait_for(asyncio.gather(*(replica.caught_up.wait() for replica in replicas)), 15)
        assert not any([await replica.is_behind() for replica in replicas])


async def test_a_replica_is_behind_while_another_one_is(told: Toy, kafka: Kafka):
    """What is missing may be in a partition of the other."""
    go_on = asyncio.Event()

    async def held_up(act: UnitOfWork, event: Received) -> None:
        if event.version > 30:
            await go_on.wait()
        await hear(act, event)

    first, second = (a_consumer(told, kafka, Reaction(read_counter, held_up)) for _ in range(2))
    async with first.running(), second.running():
        await eventually(lambda: first.caught_up.is_set() and second.caught_up.is_set())
        counters = await tell(told, kafka, 30)
        await has_heard(told, 30)
        await asyncio.to_thread(send, kafka.bootstrap, a_record(told, counter_id=counters[0], version=31))
        await eventually(lambda: both_behind(first, second))
        go_on.set()
        await has_heard(told, 31)
        assert not await first.is_behind()
        assert not await second.is_behind()


async def both_behind(first: Consuming, second: Consuming) -> bool:
    return await first.is_behind() and await second.is_behind()


async def test_it_is_behind_for_all_it_knows_where_its_client_knows_no_topic(told: Toy):
    class Forgetful:
        def partitions_for_topic(self, _: str) -> None:
            """As aiokafka answers for a topic whose metadata it has not."""

    effects = {told.topic.events: Reaction(read_counter, hear)}
    catching_up = CatchingUp(Applying(told.service, told.database, KEYS, effects))
    catching_up.done.set()
    assert await catching_up.is_behind(Forgetful())


async def test_it_is_behind_for_all_it_knows_while_kafka_is_away(fragile_told: Toy, fragile: Kafka):
    async with consuming(fragile_told, fragile) as consumer:
        await asyncio.wait_for(consumer.caught_up.wait(), 30)
        assert not await consumer.is_behind()
        with freezing(fragile):
            assert await consumer.is_behind()


async def test_it_begins_with_the_first_record_that_is_left(told: Toy, kafka: Kafka):
    await tell(told, kafka, 30)
    await delete_records(kafka, told.topic.events, {0: -1, 1: -1, 2: -1})
    await tell(told, kafka, 10)

    async with consuming(told, kafka) as consumer:
        await has_heard(told, 10)
        await asyncio.wait_for(consumer.caught_up.wait(), 10)


async def test_looking_at_the_ends_of_topics_holds_no_record_up(told: Toy, kafka: Kafka, monkeypatch):
    """The broker answers such a question only after the fetch that is under way, half a second later."""
    monkeypatch.setattr(module, "STUCK_SECONDS", 0.0)
    taken: list[float] = []
    async with consuming(told, kafka) as consumer:
        await consumer.caught_up.wait()
        for n in range(1, 12):
            consumer._wake.set()  # the keeper looks now
            await asyncio.sleep(0.01)
            started = time.monotonic()
            await tell(told, kafka, 1, first=n)
            await has_heard(told, n)
            taken.append(time.monotonic() - started)

    assert sorted(taken)[5] < 0.3


async def delete_records(kafka: Kafka, topic: str, before: dict[int, int]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_records(
        {TopicPartition(topic, partition): RecordsToDelete(offset) for partition, offset in before.items()}
    )
    await admin.close()


async def test_the_group_s_offsets_show_the_lag(told: Toy, kafka: Kafka):
    async with consuming(told, kafka):
        await tell(told, kafka, 20)
        await has_heard(told, 20)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()

        async def shown() -> bool:
            offsets = await admin.list_consumer_group_offsets(told.service)
            return bool(sum(found.offset for found in offsets.values()) == 20)

        await eventually(shown)
        await admin.close()


async def stops_in_time(running: AbstractAsyncContextManager[None]) -> None:
    started = time.monotonic()
    await running.__aexit__(None, None, None)
    assert time.monotonic() - started < module.STOP_SECONDS + 1


async def test_it_stops_in_time_while_a_handler_hangs(told: Toy, kafka: Kafka, monkeypatch):
    monkeypatch.setattr(module, "STOP_SECONDS", 1.0)
    inside = asyncio.Event()

    async def hangs(act: UnitOfWork, event: Received) -> None:
        inside.set()
        await asyncio.Event().wait()

    await tell(told, kafka, 1)
    running = a_consumer(told, kafka, Reaction(read_counter, hangs)).running()
    await running.__aenter__()
    await inside.wait()

    await stops_in_time(running)

    assert await heard(told) == []


async def test_it_stops_in_time_while_kafka_does_not_answer(fragile_told: Toy, fragile: Kafka, monkeypatch):
    monkeypatch.setattr(module, "STOP_SECONDS", 1.0)
    running = a_consumer(fragile_told, fragile).running()
    await running.__aenter__()
    await tell(fragile_told, fragile, 5)
    await has_heard(fragile_told, 5)
    with freezing(fragile):
        await stops_in_time(running)
