"""Records as they lie in Kafka: good ones, and every kind of garbage."""

from typing import Any
from uuid import UUID, uuid4

import orjson
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from confluent_kafka import Producer

from common.applying import Record
from common.clock import rfc3339, utc_now
from common.envelope import Headers
from tests.common.toy import Toy

Header = tuple[str, bytes | None]


def good_headers(toy: Toy, counter_id: UUID, version: int, event_id: str | None = None) -> list[Header]:
    return list(
        Headers(
            id=event_id or str(uuid4()),
            source=toy.topic.source,
            type=toy.topic.event_type("raised"),
            subject=f"counter/{counter_id}",
            time=rfc3339(utc_now()),
            partitionkey=str(counter_id),
            sequence=version,
            streamseq=None,
            correlationid="request-1",
            causationid=None,
            actor="user/1",
            traceparent=None,
        ).encode()
    )


def a_record(
    toy: Toy,
    offset: int = 0,
    *,
    counter_id: UUID | None = None,
    version: int = 1,
    event_id: str | None = None,
    key: bytes | None = b"",
    value: Any = b"",
    headers: list[Header] | None = None,
) -> Record:
    """A good event of partition 0, unless something is said to be otherwise."""
    counter_id = counter_id or uuid4()
    return ConsumerRecord(
        toy.topic.events,
        0,
        offset,
        0,
        0,
        key if key != b"" else str(counter_id).encode(),
        orjson.dumps({"id": counter_id, "value": version}) if value == b"" else value,
        -1,
        -1,
        -1,
        headers if headers is not None else good_headers(toy, counter_id, version, event_id),
    )


def partition_of(toy: Toy) -> TopicPartition:
    return TopicPartition(toy.topic.events, 0)


def without(headers: list[Header], *names: str) -> list[Header]:
    return [header for header in headers if header[0] not in names]


def garbage(toy: Toy) -> dict[str, dict[str, Any]]:
    """What `a_record` makes unreadable, by the reason that the dead letter gives."""
    counter_id = uuid4()
    good = good_headers(toy, counter_id, 1)
    other = str(uuid4())
    return {
        "no key": {"key": None},
        "the key is not that of the subject": {
            "key": other.encode(),
            "headers": [*without(good, "ce_partitionkey"), ("ce_partitionkey", other.encode())],
        },
        "the type does not belong to this topic": {
            "headers": [*without(good, "ce_type"), ("ce_type", b"hospital.beds.bed.held.v1")]
        },
        "more than 32768 bytes": {"value": orjson.dumps({"padding": "x" * 32768})},
        "payload: id missing": {"value": b"{}"},
        "payload: id uuid_parsing": {"value": b'{"id": "Jane Doe", "value": 1}'},
        "a header or the key is not UTF-8": {"headers": [*good, ("x-partner", b"\xff\xfe")]},
        "no ce_id": {"headers": without(good, "ce_id")},
        "no ce_source": {"headers": []},
        "not JSON, or a number that is none": {"value": b"{"},
        "the payload is not an object": {"value": b"[1]"},
        "the source does not own this topic": {
            "headers": [*without(good, "ce_source"), ("ce_source", b"/hospital/other")]
        },
        "the key is not the partition key": {"key": b"another"},
        "the event id is not usable": {
            "counter_id": counter_id,
            "headers": [*without(good, "ce_id"), ("ce_id", b"a\0b")],
        },
    }


class _RawKey(str):
    """A header key whose bytes are no UTF-8."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


async def send_with_unreadable_header_key(bootstrap: str, topic: str, partition: int) -> int:
    """No client writes this: the record batch is built by hand and sent as a request of its own. Its offset."""
    builder = _DefaultRecordBatchBuilderPy(2, 0, False, -1, -1, -1, 1 << 16)
    builder.append(0, 0, b"key", b"{}", [(_RawKey("x"), b"1")])
    produce = ProduceRequest(None, -1, 5000, [(topic, [(partition, bytes(builder.build()))])])
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    await client.set_topics([topic])
    answer = await client.send(client.cluster.leader_for_partition(TopicPartition(topic, partition)), produce)
    await client.close()
    ((_, ((_, error, offset, *_),)),) = answer.topics
    assert error == 0
    return int(offset)


def send(bootstrap: str, *records: Record) -> None:
    """Produces them with the second client, each to the partition of its key."""
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 1})
    failed: list[object] = []
    for record in records:
        producer.produce(
            record.topic,
            record.value,
            record.key,
            headers=list(record.headers),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
    if producer.flush(10) or failed:
        raise AssertionError(f"not delivered: {failed}")
