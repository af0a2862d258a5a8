"""The event envelope: CloudEvents 1.0.2 in Kafka's binary mode (contract §4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from common.topics import Topic

JSON_OPTIONS = orjson.OPT_UTC_Z
MAX_VALUE_BYTES = 32 * 1024
SEQUENCE_DIGITS = 20


@dataclass(frozen=True, slots=True)
class Fact:
    """One event to publish: what happened to which aggregate, with its whole new state."""

    topic: Topic
    type: str
    key: UUID
    subject: str
    version: int
    at: datetime
    payload: Mapping[str, Any]
    repeated: bool = False
    """Only the state topic gets it: the state is published again, nothing happened."""

    def value(self) -> bytes:
        """The payload as JSON, encoded once."""
        encoded = orjson.dumps(self.payload, option=JSON_OPTIONS)
        if len(encoded) > MAX_VALUE_BYTES:
            raise ValueError(f"{self.type} has {len(encoded)} bytes, more than {MAX_VALUE_BYTES}")
        return encoded


def fact(
    topic: Topic,
    happened: str,
    state: Any,
    *,
    key: UUID,
    at: datetime,
    before: Any = None,
    **more: Any,
) -> Fact:
    """The fact that `happened` (past tense) to the aggregate whose new state is the dataclass `state`.

    `changed` lists the fields that differ from `before`; `more` are facts of the act that are no part of the state,
    such as a reason code.
    """
    payload = {field.name: getattr(state, field.name) for field in fields(state)}
    changed = [name for name, value in payload.items() if before is None or getattr(before, name) != value]
    return Fact(
        topic=topic,
        type=topic.event_type(happened),
        key=key,
        subject=f"{topic.aggregate}/{key}",
        version=state.version,
        at=at,
        payload=payload | {"changed": changed} | more,
    )


@dataclass(frozen=True, slots=True)
class Headers:
    """The CloudEvents attributes of one record, as text."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    partitionkey: str
    sequence: int
    streamseq: str | None
    correlationid: str
    causationid: str | None
    actor: str
    traceparent: str | None

    def encode(self) -> list[tuple[str, bytes]]:
        """Kafka headers, in the order of the contract; absent attributes are left out."""
        attributes: Sequence[tuple[str, str | None]] = (
            ("ce_specversion", "1.0"),
            ("ce_id", self.id),
            ("ce_source", self.source),
            ("ce_type", self.type),
            ("ce_subject", self.subject),
            ("ce_time", self.time),
            ("ce_partitionkey", self.partitionkey),
            ("ce_sequence", f"{self.sequence:0{SEQUENCE_DIGITS}d}"),
            ("ce_streamseq", self.streamseq),
            ("ce_correlationid", self.correlationid),
            ("ce_causationid", self.causationid),
            ("ce_actor", self.actor),
            ("ce_dataschema", f"/contracts/events/{self.type}.json"),
            ("traceparent", self.traceparent),
            ("content-type", "application/json"),
        )
        return [(name, value.encode()) for name, value in attributes if value is not None]


@dataclass(frozen=True, slots=True)
class Received:
    """An event as it came from Kafka, parsed and checked against its topic."""

    topic: str
    id: str
    source: str
    type: str
    version: int
    correlation_id: str
    actor: str
    traceparent: str | None
    payload: Mapping[str, Any]
    subject: str | None = None
    time: str | None = None
    streamseq: str | None = None

    @property
    def form(self) -> int:
        """The major version of the payload's form, with which the type ends."""
        return int(self.type.rpartition(".v")[2])


class Unreadable(Exception):
    """The record is not an event that its topic may carry; the text says why, without content."""


def parse(
    topic: str, key: bytes | None, headers: Sequence[tuple[str, bytes]], value: bytes | None
) -> Received:
    """Reads binary mode and structured mode. Total: anything that cannot be read is `Unreadable`."""
    try:
        if value is None:
            raise Unreadable("no value")
        texts = {name: content.decode() for name, content in headers if content is not None}
        body = orjson.loads(value)
        is_structured = texts.get("content-type", "").startswith("application/cloudevents+json")
        if is_structured and isinstance(body, dict):
            texts |= {f"ce_{name}": str(part) for name, part in body.items() if name != "data"}
            body = body.get("data")
        if not isinstance(body, dict):
            raise Unreadable("the payload is not an object")
        source, event_id = texts["ce_source"], texts["ce_id"]
        owner = Topic.parse(topic)
        if source != owner.source:
            raise Unreadable("the source does not own this topic")
        if not owner.carries(texts["ce_type"]):
            raise Unreadable("the type does not belong to this topic")
        _check_key(key, texts)
        if "\0" in event_id or len(event_id) > 200:
            raise Unreadable("the event id is not usable")
        return Received(
            topic=topic,
            id=event_id,
            source=source,
            type=texts["ce_type"],
            version=int(texts["ce_sequence"]),
            correlation_id=texts.get("ce_correlationid", event_id),
            actor=texts.get("ce_actor", f"service/{owner.service}"),
            traceparent=texts.get("traceparent"),
            payload=body,
            subject=texts.get("ce_subject"),
            time=texts.get("ce_time"),
            streamseq=texts.get("ce_streamseq"),
        )
    except KeyError as missing:
        raise Unreadable(f"no {missing.args[0]}") from None
    except UnicodeDecodeError:
        raise Unreadable("a header or the key is not UTF-8") from None
    except ValueError:
        raise Unreadable("not JSON, or a number that is none") from None


def _check_key(key: bytes | None, texts: Mapping[str, str]) -> None:
    """The order of an aggregate's events holds only where each of them has its id as the key."""
    if key is None:
        raise Unreadable("no key")
    if texts.get("ce_partitionkey", key.decode()) != key.decode():
        raise Unreadable("the key is not the partition key")
    if "ce_subject" in texts and texts["ce_subject"].rpartition("/")[2] != key.decode():
        raise Unreadable("the key is not that of the subject")
