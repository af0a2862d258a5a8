"""The leaf's bytes are final: any encoder of RFC 8785 gives the same."""

from datetime import UTC, datetime
from hashlib import sha256

import orjson
import rfc8785
from aiokafka import ConsumerRecord
from hypothesis import given, strategies as st

from audit.leaf import MAX_LEAF_BYTES, Kind, content_of, encode, leaf_hash

RECORDED_AT = datetime(2026, 11, 24, 10, 0, 0, 456789, tzinfo=UTC)
EXAMPLE = (
    b'{"headers":[["ce_specversion","1.0"],["ce_id","019ab000-0000-7000-8000-0000000000aa"],'
    b'["ce_type","hospital.beds.bed.occupied.v1"],["x",{"b64":"/w=="}]],'
    b'"key":"019ab000-0000-7000-8000-000000000001","offset":41,"partition":2,'
    b'"recorded_at":"2026-11-24T10:00:00.456789Z","timestamp":1795514400123,'
    b'"topic":"hospital.beds.bed.events.v1","v":1,"value":"{\\"state\\":\\"occupied\\",\\"version\\":7}"}'
)
EXAMPLE_HASH = "263b0d140266f22021296af1495c7e803cc45e3849a5b6e91c6f58ac4041cf6c"


def a_record(key=None, value=None, headers=(), topic="hospital.beds.bed.events.v1", offset=41):
    return ConsumerRecord(topic, 2, offset, 1795514400123, 0, key, value, None, -1, -1, tuple(headers))


def leaf_of(record, kind=None):
    return encode(record, content_of(record), kind, RECORDED_AT)


def test_the_worked_example_of_the_design():
    record = a_record(
        b"019ab000-0000-7000-8000-000000000001",
        b'{"state":"occupied","version":7}',
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"019ab000-0000-7000-8000-0000000000aa"),
            ("ce_type", b"hospital.beds.bed.occupied.v1"),
            ("x", b"\xff"),
        ],
    )
    leaf, kind = leaf_of(record)
    assert leaf == EXAMPLE
    assert len(leaf) == 386
    assert leaf_hash(leaf).hex() == EXAMPLE_HASH
    assert kind is None


content = st.none() | st.binary(max_size=200) | st.text(max_size=200).map(str.encode)
names = st.text(max_size=30)


@given(content, content, st.lists(st.tuples(names, content), max_size=5), st.integers(0, 2**53 - 1), names)
def test_our_encoder_agrees_with_rfc8785(key, value, headers, offset, topic):
    leaf, _ = leaf_of(a_record(key, value, headers, topic, offset))
    assert leaf == rfc8785.dumps(orjson.loads(leaf))


def test_every_control_character_is_written_as_rfc8785_says():
    value = "".join(map(chr, [*range(0x20), 0x22, 0x5C, 0x7F, 0x2028, 0xE9, 0xFEFF, 0x1F600])).encode()
    leaf, _ = leaf_of(a_record(value=value))
    assert leaf == rfc8785.dumps(orjson.loads(leaf))
    assert orjson.loads(leaf)["value"].encode() == value


def test_a_value_over_32_kib_is_kept_as_hash_and_size():
    value = b"x" * (32 * 1024 + 1)
    leaf, kind = leaf_of(a_record(value=value))
    assert kind is Kind.OVERSIZE
    assert orjson.loads(leaf)["kind"] == "oversize"
    assert orjson.loads(leaf)["value"] == {"sha256": sha256(value).hexdigest(), "size": len(value)}


def test_what_grows_too_large_only_when_written_is_oversize_too():
    leaf, kind = leaf_of(a_record(value=b"\x01" * 32_000))
    assert kind is Kind.OVERSIZE
    assert len(leaf) <= MAX_LEAF_BYTES


def test_huge_headers_and_keys_are_measured_as_well():
    leaf, kind = leaf_of(a_record(key=b"k" * 70_000, value=b"{}", headers=[("h", b"x" * 70_000)]))
    assert kind is Kind.OVERSIZE
    assert len(leaf) <= MAX_LEAF_BYTES
    assert orjson.loads(leaf)["key"] == {"sha256": sha256(b"k" * 70_000).hexdigest(), "size": 70_000}


def test_an_oversize_conflict_is_a_conflict_first():
    assert leaf_of(a_record(value=b"x" * 40_000), Kind.CONFLICT)[1] is Kind.CONFLICT
