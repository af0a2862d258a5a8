"""The relay on a real broker: order, numbers, faults."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from common import producing, relay as relaying
from common.context import Trail, following
from common.embedded import Kafka
from common.relay import Relay
from common.topics import configuration
from tests.common.publishing import a_relay, all_published, by_key, publish_all, waiting
from tests.common.toy import Toy, a_counter, a_fact, raised
from tests.support.broker import freezing
from tests.support.children import a_child
from tests.support.reading import everything_in, header
from tests.support.waiting import eventually

RELAY = "tests.common.programs.relay"


async def test_the_events_of_a_key_lie_in_the_order_of_its_versions(told: Toy, kafka: Kafka):
    counters = [await a_counter(told) for _ in range(4)]
    async with a_relay(told, kafka) as relay:
        told.database.after_commit(lambda _: relay.wake())
        await asyncio.gather(*(raised(told, counter) for _ in range(40) for counter in counters))
        await all_published(told)

    versions = by_key(await everything_in(kafka.bootstrap, told.topic.events))

    assert versions == {counter: list(range(1, 42)) for counter in counters}


async def test_an_event_is_what_the_contract_says(told: Toy, kafka: Kafka):
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    with following(Trail("request-1", "user/1", "cause-1", trace)):
        counter = await a_counter(told)
    await publish_all(told, kafka)

    (record,) = await everything_in(kafka.bootstrap, told.topic.events)
    headers: Any = record.headers()
    names = [name for name, _ in headers]
    message = KafkaMessage(dict(headers), record.key(), record.value() or b"")
    event = from_binary(message, JSONFormat())

    assert event.get_id() == str(UUID(event.get_id()))
    assert UUID(event.get_id()).version == 7
    assert event.get_source() == f"/hospital/{told.service}"
    assert event.get_type() == f"hospital.{told.service}.counter.added.v1"
    assert event.get_subject() == f"counter/{counter}"
    assert event.get_time() is not None
    assert event.get_datacontenttype() == "application/json"
    assert event.get_dataschema() == f"/contracts/events/hospital.{told.service}.counter.added.v1.json"
    assert event.get_extension("partitionkey") == str(counter)
    assert event.get_extension("sequence") == "00000000000000000001"
    assert event.get_extension("streamseq") == "1.1"
    assert event.get_extension("correlationid") == "request-1"
    assert event.get_extension("causationid") == "cause-1"
    assert event.get_extension("actor") == "user/1"
    assert header(record, "traceparent") == trace
    assert names[0] == "ce_specversion"
    assert len(names) == len(set(names)) == 15
    assert orjson.loads(record.value() or b"")["changed"] == [
        "id", "name", "value", "seat", "department_id", "changed_at", "version",
    ]  # fmt: skip


async def test_the_state_topic_gets_the_same_record(told: Toy, kafka: Kafka):
    await a_counter(told)
    await publish_all(told, kafka)

    (event,) = await everything_in(kafka.bootstrap, told.topic.events)
    (state,) = await everything_in(kafka.bootstrap, told.topic.state)

    assert (state.key(), state.value(), state.headers()) == (event.key(), event.value(), event.headers())


async def test_a_state_that_is_published_again_is_no_new_event(told: Toy, kafka: Kafka):
    counter = await a_counter(told)
    async with told.database.write() as act:
        act.publish(replace(a_fact(told, counter), repeated=True))
    await publish_all(told, kafka)

    events = await everything_in(kafka.bootstrap, told.topic.events)
    states = await everything_in(kafka.bootstrap, told.topic.state)

    assert len(events) == 1
    assert len(states) == 2
    again: Any = states[1].headers()
    assert "ce_streamseq" not in dict(again)


async def test_stream_numbers_are_contiguous(told: Toy, kafka: Kafka, monkeypatch):
    monkeypatch.setattr(relaying, "BATCH", 7)
    for counter in [await a_counter(told) for _ in range(5)]:
        await raised(told, counter)
    await publish_all(told, kafka)
    for _ in range(20):
        await a_counter(told)
    await publish_all(told, kafka)

    records = await everything_in(kafka.bootstrap, told.topic.events)

    assert sorted((1, int(header(record, "ce_streamseq").split(".")[1])) for record in records) == [
        (1, n) for n in range(1, 31)
    ]


async def test_a_wake_publishes_without_waiting_for_the_poll(told: Toy, kafka: Kafka, monkeypatch):
    monkeypatch.setattr(relaying, "POLL_SECONDS", 60.0)
    async with a_relay(told, kafka) as relay:
        await eventually(relay.is_active)
        told.database.after_commit(lambda _: relay.wake())
        await a_counter(told)
        await all_published(told, within=5)


async def test_a_record_is_sent_again_with_the_same_id_and_number_after_a_kill_before_its_mark(
    told: Toy, kafka: Kafka
):
    """The relay is killed when Kafka has the record and Postgres does not know it."""
    await a_counter(told)
    owner = await asyncpg.connect(told.admin_url)
    await owner.execute("""
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN new; END $$;
        CREATE TRIGGER wait BEFORE UPDATE OF published_at ON outbox FOR EACH ROW EXECUTE FUNCTION wait();
        SELECT pg_advisory_lock(1)""")
    waits = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"
    async with a_child(RELAY, told.service, told.url, kafka.bootstrap) as child:
        pid = await eventually(lambda: owner.fetchval(waits))
        assert len(await everything_in(kafka.bootstrap, told.topic.events)) == 1
        await child.kill()
    await owner.execute("SELECT pg_terminate_backend($1, 5000)", pid)
    await owner.execute("DROP TRIGGER wait ON outbox")
    await owner.close()

    await publish_all(told, kafka)

    first, second = await everything_in(kafka.bootstrap, told.topic.events)
    assert first.headers() == second.headers()
    assert first.value() == second.value()


async def test_a_twin_that_was_frozen_sends_nothing_old(fragile: Kafka, fragile_told: Toy):
    """It thaws with a record in its accumulator, after the other relay has published newer ones."""
    toy = fragile_told
    counter = await a_counter(toy)
    async with a_child(RELAY, toy.service, toy.url, fragile.bootstrap) as twin:
        await twin.said("active")
        await all_published(toy)
        async with a_child(RELAY, toy.service, toy.url, fragile.bootstrap) as other:
            with freezing(fragile):
                await raised(
                    toy, counter, padding=20_000
                )  # more than a batch: the next waits in the accumulator
                await raised(toy, counter, padding=20_000)
                await eventually(lambda: toy.database.pool.fetchval("SELECT last_n = 3 FROM outbox_stream"))
                await asyncio.sleep(0.5)  # until it has sent the one and keeps the other: nothing tells
                twin.freeze()
            await other.said("active", within=20)
            await all_published(toy)
            await raised(toy, counter)
            await all_published(toy)
            twin.thaw()
            await twin.said("relay_interrupted")
            await raised(toy, counter)
            await all_published(toy)

    versions = by_key(await everything_in(fragile.bootstrap, toy.topic.events))[counter]

    assert versions.count(2) == 2, "the frozen one had not sent anything"
    assert versions[-4:] == [2, 3, 4, 5]


async def test_a_key_whose_record_is_refused_does_not_hold_up_the_others(
    told: Toy, kafka: Kafka, monkeypatch, capsys
):
    """Nor does the gap that it leaves in the producer's sequence, on which the broker refuses what follows."""
    monkeypatch.setattr(relaying, "HOLD_SECONDS", 1.0)
    await limit(kafka, told.topic.events, "20000")
    unlucky, *others = [await a_counter(told) for _ in range(20)]  # in each partition somebody
    async with a_relay(told, kafka):
        await all_published(told)
        await raised(told, unlucky, padding=25_000)
        await raised(told, unlucky)
        for other in others:
            await raised(told, other)

        async def only_the_unlucky_waits() -> bool:
            return await waiting(told) == 2

        await eventually(only_the_unlucky_waits, within=5)
        versions = by_key(await everything_in(kafka.bootstrap, told.topic.events))
        assert {versions[other][-1] for other in others} == {2}
        assert 2 not in versions[unlucky]

        await limit(kafka, told.topic.events, "100000")
        await all_published(told)

    assert by_key(await everything_in(kafka.bootstrap, told.topic.events))[unlucky][-2:] == [2, 3]
    said = capsys.readouterr().out
    assert "record_refused" in said
    assert "relay_interrupted" not in said


async def limit(kafka: Kafka, topic: str, size: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    whole = configuration(topic, 1) | {"max.message.bytes": size}
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, whole)])
    await admin.close()


async def test_a_relay_stops_in_time_while_kafka_does_not_answer(
    fragile: Kafka, fragile_told: Toy, monkeypatch
):
    monkeypatch.setattr(producing, "_LET_GO_SECONDS", 0.5)
    toy = fragile_told
    counter = await a_counter(toy)
    relay = Relay(toy.service, toy.url, fragile.bootstrap)
    running = asyncio.create_task(relay.run())
    await all_published(toy)
    with freezing(fragile):
        await raised(toy, counter)
        await eventually(lambda: toy.database.pool.fetchval("SELECT last_n = 2 FROM outbox_stream"))
        running.cancel()
        _, left = await asyncio.wait([running], timeout=producing._LET_GO_SECONDS + 1)

    assert not left
    await publish_all(toy, fragile)


async def test_a_relay_stops_in_time_while_kafka_was_never_there(fresh: Toy, monkeypatch):
    monkeypatch.setattr(producing, "_LET_GO_SECONDS", 0.5)
    running = asyncio.create_task(Relay(fresh.service, fresh.url, "127.0.0.1:9").run())
    await asyncio.sleep(0.3)
    running.cancel()

    _, left = await asyncio.wait([running], timeout=producing._LET_GO_SECONDS + 1)

    assert not left


async def test_one_relay_is_active_and_the_other_takes_over_when_it_ends(told: Toy, kafka: Kafka):
    relays = [Relay(told.service, told.url, kafka.bootstrap) for _ in range(2)]
    running = [asyncio.create_task(relay.run()) for relay in relays]

    async def active() -> list[Relay]:
        return [relay for relay in relays if await relay.is_active()]

    (first,) = await eventually(active)
    await a_counter(told)
    await all_published(told)
    assert await active() == [first]

    running[relays.index(first)].cancel()
    (second,) = [relay for relay in relays if relay is not first]
    await eventually(second.is_active)
    await a_counter(told)
    await all_published(told)
    second.finish()
    await asyncio.wait(running, timeout=5)
    assert len(await everything_in(kafka.bootstrap, told.topic.events)) == 2
