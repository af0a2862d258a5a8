"""What the log makes of one record before it is entered: its identity, its digest, what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from audit.leaf import Kind, Record, canonical, content_of
from common.envelope import Received, Unreadable, parse


class Identity(NamedTuple):
    """Under which a record is entered once. What is no event has no id of its own: its place and content are it."""

    event_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One record, understood as far as it can be."""

    record: Record
    content: Mapping[str, Any]
    digest: bytes
    identity: Identity
    event: Received | None
    kind: Kind | None


def receive(record: Record) -> Receipt:
    """Total: whatever Kafka handed over has a receipt."""
    content = content_of(record)
    digest = sha256(canonical(content)).digest()
    try:
        event = parse(record.topic, record.key, record.headers, record.value)
    except Unreadable:
        return Receipt(record, content, digest, _by_place(record, digest), None, Kind.INVALID)
    return Receipt(record, content, digest, Identity(event.id, event.source), event, None)


def unreadable(partition: TopicPartition, offset: int) -> Receipt:
    """For a record that the client cannot hand over."""
    record = ConsumerRecord(*partition, offset, None, None, None, None, None, -1, -1, headers=())
    content = content_of(record)
    digest = sha256(canonical(content)).digest()
    return Receipt(record, content, digest, _by_place(record, digest), None, Kind.UNREADABLE)


def _by_place(record: Record, digest: bytes) -> Identity:
    place = canonical([record.topic, record.partition, record.offset, record.timestamp, digest.hex()])
    return Identity(f"@{sha256(place).hexdigest()}", "")
