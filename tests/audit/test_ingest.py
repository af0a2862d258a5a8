"""Every offset becomes an entry, a counted duplicate or a gap, whatever was sent."""

import asyncio
from hashlib import sha256
from uuid import uuid4

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer

from audit.leaf import leaf_hash
from common.ids import new_id
from tests.audit.log import Log, Ward, an_event, send_with_broken_header_key
from tests.support.waiting import eventually


async def test_an_event_becomes_an_entry_with_its_copies(log: Log, ward: Ward):
    patient, actor = uuid4(), f"user/{uuid4()}"
    event = an_event(7, actor=actor, patient_id=str(patient), correlation_id="request-1")
    await ward.send(event)
    async with log.ingesting():
        await log.reaches(1)
    (entry,) = await log.entries()
    assert (entry["position"], entry["kind"], entry["record_offset"]) == (0, None, 0)
    assert (entry["action"], entry["entity_type"], entry["actor"]) == ("occupied", "bed", actor)
    leaf = orjson.loads(entry["leaf"])
    assert (entry["entity_id"], entry["patient_id"]) == (leaf["key"], patient)
    assert (entry["outcome"], entry["correlation_id"]) == ("success", "request-1")
    assert leaf["value"].encode() == event[1]
    assert [(name, value.encode()) for name, value in leaf["headers"]] == ward.own(event[2])
    assert entry["leaf_hash"] == leaf_hash(entry["leaf"])


async def test_the_order_of_each_key_is_kept_and_positions_are_contiguous(log: Log, ward: Ward):
    keys = [str(uuid4()) for _ in range(20)]
    await ward.send(*(an_event(n, key=key) for n in range(60) for key in keys))
    async with log.ingesting():
        await log.reaches(1200)
    entries = await log.entries()
    assert [entry["position"] for entry in entries] == list(range(1200))
    for key in keys:
        versions = [
            orjson.loads(orjson.loads(e["leaf"])["value"])["version"]
            for e in entries
            if e["entity_id"] == key
        ]
        assert versions == list(range(60))


async def test_a_resend_is_counted_and_other_content_under_its_id_is_a_conflict(log: Log, ward: Ward):
    event_id, key = str(new_id()), str(uuid4())
    once, other = (
        an_event(1, key=key, event_id=event_id),
        an_event(1, key=key, event_id=event_id, state="dirty"),
    )
    resent = (once[0], once[1], once[2])
    forged = (once[0], other[1], once[2])
    await ward.send(once, resent, forged, forged, resent)
    async with log.ingesting():
        await log.reaches(2)
        await eventually(lambda: _position(log, ward, 5))
    assert await log.kinds() == [None, "conflict"]
    assert [(d["record_offset"], d["position"]) for d in await log.rows("duplicate")] == [
        (1, 0),
        (3, 1),
        (4, 0),
    ]


async def test_the_same_across_batches(log: Log, ward: Ward):
    once = an_event()
    async with log.ingesting():
        await ward.send(once)
        await log.reaches(1)
        await ward.send(once)
        await eventually(lambda: _position(log, ward, 2))
        await ward.send((once[0], b"{}", once[2]))
        await log.reaches(2)
    assert await log.kinds() == [None, "conflict"]
    assert len(await log.rows("duplicate")) == 1


async def test_what_is_no_event_is_an_invalid_leaf(log: Log, ward: Ward):
    key, value, headers = an_event()
    garbage = [
        (key, value, [*headers, ("x", b"\xff")]),
        (key, None, headers),
        (key, b"not json", headers),
        (key, b"[1]", headers),
        (b"\xff\xfe", value, headers),
        (None, value, []),
        (key, value, [("content-type", b"application/cloudevents+json")]),
        (key, b"[]", [("content-type", b"application/cloudevents+json")]),
        (key, b'{"a": "\\ud800"}', headers),
        an_event(source="/hospital/admissions"),
        an_event(kind="hospital.beds.placement.held.v1"),
        an_event(kind="x" * 5000),
        (b"another", value, headers),
        (b"another", value, [header for header in headers if header[0] != "ce_partitionkey"]),
        (key, b"\xff" * 40, headers),
    ]
    await ward.send(*garbage)
    async with log.ingesting():
        await log.reaches(len(garbage))
    entries = await log.entries()
    assert {entry["kind"] for entry in entries} == {"invalid"}
    for entry, (_, value, _) in zip(entries, garbage, strict=True):
        kept = orjson.loads(entry["leaf"])["value"]
        assert kept is None if value is None else True
        assert entry["actor"] is None


async def test_hostile_text_in_an_event_does_not_stop_the_log(log: Log, ward: Ward, accesses: Ward):
    await ward.send(
        an_event(actor="user/\0", subject="patient/\0", outcome="\0" * 9, patient_id="no uuid"),
        an_event(kind=f"hospital.beds.bed.{'x' * 5000}.v1", correlation_id="y" * 5000),
        (
            b"k",
            b"{}",
            [(n, b"0001-01-01T00:00:00+14:00" if n == "ce_time" else v) for n, v in an_event(key="k")[2]],
        ),
    )
    await accesses.send(an_event(kind="hospital.beds.access.search.v1", subjects=["?", 1, None]))
    async with log.ingesting():
        await log.reaches(4)
    assert await log.kinds() == [None] * 4


async def test_a_large_value_is_kept_as_its_hash(log: Log, ward: Ward):
    event = an_event(note="x" * 40_000)
    await ward.send(event)
    async with log.ingesting():
        await log.reaches(1)
    (entry,) = await log.entries()
    assert (entry["kind"], entry["action"]) == ("oversize", "occupied")
    assert orjson.loads(entry["leaf"])["value"]["sha256"] == sha256(event[1] or b"").hexdigest()


async def test_a_record_that_the_client_cannot_read_is_stepped_over(log: Log, ward: Ward, other_ward: Ward):
    await ward.send(an_event(), an_event())
    await send_with_broken_header_key(ward)
    await ward.send(an_event())
    await send_with_broken_header_key(ward, count=3)
    await ward.send(an_event(), an_event())
    await other_ward.send(*(an_event() for _ in range(10)))
    async with log.ingesting():
        await log.reaches(19, within=30)
        await ward.send(an_event())
        await log.reaches(20)
    entries = [entry for entry in await log.entries() if entry["topic"] == ward.topic]
    assert [entry["record_offset"] for entry in entries] == list(range(10))
    assert [entry["record_offset"] for entry in entries if entry["kind"] == "unreadable"] == [2, 4, 5, 6]
    assert await log.rows("gap") == await log.rows("duplicate") == []


async def test_what_another_client_compressed_is_read(log: Log, ward: Ward):
    def send() -> None:
        for codec in ("gzip", "snappy", "lz4", "zstd"):
            producer = Producer({"bootstrap.servers": ward.bootstrap, "compression.type": codec})
            for _ in range(5):
                key, value, headers = an_event(filler="x" * 500)
                producer.produce(ward.topic, value, key, headers=dict(ward.own(headers)))
            producer.flush()

    await asyncio.to_thread(send)
    async with log.ingesting():
        await log.reaches(20)
    assert await log.kinds() == [None] * 20


async def test_the_markers_of_a_transaction_are_gaps(log: Log, ward: Ward):
    producer = AIOKafkaProducer(bootstrap_servers=ward.bootstrap, transactional_id=ward.topic)
    await producer.start()
    for _ in range(2):
        async with producer.transaction():
            key, value, headers = an_event()
            await producer.send_and_wait(ward.topic, value, key, headers=headers)
    await producer.stop()
    async with log.ingesting():
        await log.reaches(2)
        await eventually(lambda: _position(log, ward, 4))
    assert [(gap["first_offset"], gap["last_offset"]) for gap in await log.rows("gap")] == [(1, 1), (3, 3)]


async def test_patients_of_an_access_event_are_all_found(log: Log, accesses: Ward):
    patients = [uuid4() for _ in range(3)]
    await accesses.send(
        an_event(kind="hospital.beds.access.names_read.v1", subjects=[str(patient) for patient in patients])
    )
    async with log.ingesting():
        await log.reaches(1)
    assert {row["patient_id"] for row in await log.rows("entry_patient")} == set(patients)


@pytest.mark.parametrize("topic", ["hospital.beds.bed.state.v1", "partner.x.y.events.v1"])
async def test_only_events_topics_of_the_hospital_are_read(log: Log, ward: Ward, topic: str):
    aside = Ward(ward.bootstrap, topic, ward.producer)
    await aside.create()
    await aside.send(an_event())
    await ward.send(an_event())
    async with log.ingesting() as ingester:
        await log.reaches(1)
        assert await ingester.lag() == {ward.topic: 0}
    assert {row["topic"] for row in await log.rows("consumer_position")} == {ward.topic}
    await aside.delete()


async def _position(log: Log, ward: Ward, expected: int) -> bool:
    stored = "SELECT next_offset FROM consumer_position WHERE topic = $1 AND partition = 0"
    return bool(await log.admin.fetchval(stored, ward.topic) == expected)
