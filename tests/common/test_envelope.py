"""The envelope: what is published, and what is taken of what others publish."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, strategies as st

from common.envelope import MAX_VALUE_BYTES, Fact, Received, Unreadable, fact, parse
from common.topics import Topic

TOPIC = Topic("beds", "bed", has_state=True)
AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
KEY = uuid4()


@dataclass(frozen=True)
class Bed:
    status: str
    room: str
    version: int


def test_a_fact_tells_what_changed_and_the_whole_new_state():
    before = Bed("available", "7", 1)

    told = fact(
        TOPIC,
        "held",
        replace(before, status="held", version=2),
        key=KEY,
        at=AT,
        before=before,
        reason_code="x",
    )

    assert (told.type, told.subject, told.version) == ("hospital.beds.bed.held.v1", f"bed/{KEY}", 2)
    assert told.payload == {
        "status": "held", "room": "7", "version": 2, "changed": ["status", "version"], "reason_code": "x",
    }  # fmt: skip


def test_a_new_aggregate_has_changed_in_everything():
    assert fact(TOPIC, "added", Bed("available", "7", 1), key=KEY, at=AT).payload["changed"] == [
        "status",
        "room",
        "version",
    ]


def test_times_are_in_utc_with_z_and_ids_are_text():
    value = Fact(TOPIC, "t", KEY, "s", 1, AT, {"at": AT, "id": KEY}).value()

    assert orjson.loads(value) == {"at": "2026-11-24T10:00:00Z", "id": str(KEY)}


def test_an_event_that_is_too_large_is_not_made():
    def told(size: int) -> Fact:
        return Fact(TOPIC, "t", KEY, "s", 1, AT, {"x": "a" * size})

    assert len(told(MAX_VALUE_BYTES - 8).value()) == MAX_VALUE_BYTES
    with pytest.raises(ValueError, match="32769 bytes"):
        told(MAX_VALUE_BYTES - 7).value()


def a_partners_event(**attributes: Any) -> CloudEvent:
    event: dict[str, Any] = {
        "type": "hospital.beds.bed.held.v1",
        "source": "/hospital/beds",
        "id": "event-1",
        "specversion": "1.0",
        "time": AT,
        "datacontenttype": "application/json",
        "partitionkey": str(KEY),
        "sequence": "00000000000000000007",
    }
    return CloudEvent(event | attributes, {"status": "held"})


@pytest.mark.parametrize("mode", [to_binary, to_structured])
def test_both_modes_of_another_library_are_understood_alike(mode: Any):
    message = mode(a_partners_event(correlationid="request-1", actor="user/1"), JSONFormat())

    received = parse(TOPIC.events, str(KEY).encode(), list(message.headers.items()), message.value)

    assert (received.topic, received.id, received.source) == (TOPIC.events, "event-1", "/hospital/beds")
    assert (received.type, received.version) == ("hospital.beds.bed.held.v1", 7)
    assert (received.correlation_id, received.actor) == ("request-1", "user/1")
    assert received.payload == {"status": "held"}


def test_an_event_without_a_trail_begins_one():
    message = to_binary(a_partners_event(), JSONFormat())

    received = parse(TOPIC.events, str(KEY).encode(), list(message.headers.items()), message.value)

    assert (received.correlation_id, received.actor) == ("event-1", "service/beds")


_headers = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_source", "ce_type", "ce_sequence", "content-type", "x"]),
        st.none()
        | st.binary(max_size=20)
        | st.sampled_from([b"/hospital/beds", b"application/cloudevents+json", b"1"]),
    )
)
_values = (
    st.none()
    | st.binary(max_size=40)
    | st.sampled_from([b"{}", b"[]", b"1", b"null", b'{"data": {}, "id": 1}'])
)


@given(
    key=st.none() | st.binary(max_size=10),
    headers=_headers,
    value=_values,
    topic=st.sampled_from([TOPIC.events, "x"]),
)
def test_whatever_lies_in_a_topic_is_an_event_or_unreadable(key: Any, headers: Any, value: Any, topic: str):
    with suppress(Unreadable):
        assert isinstance(parse(topic, key, headers, value), Received)


def test_json_that_is_nested_without_end_is_unreadable():
    with pytest.raises(Unreadable):
        parse(TOPIC.events, None, [], b"[" * 100_000)
