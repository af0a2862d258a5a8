"""The leaf: the bytes that are hashed, proven and kept for ever. Their form is final (audit.md, *The leaf*)."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, TypeAlias

import orjson
from aiokafka import ConsumerRecord

from common.clock import rfc3339
from common.envelope import MAX_VALUE_BYTES

VERSION = 1
MAX_LEAF_BYTES = 65_535
"""An entry bundle of C2SP tlog-tiles writes the length of a leaf in two bytes."""

Record: TypeAlias = ConsumerRecord[Any, Any]
Text: TypeAlias = str | Mapping[str, Any] | None


class Kind(StrEnum):
    """What is wrong with a record that is not simply a well-formed event."""

    INVALID = "invalid"
    """It is no event that its topic may carry."""
    CONFLICT = "conflict"
    """Its event id was entered before with other bytes."""
    OVERSIZE = "oversize"
    """Too large to be kept whole: hash and size stand for what is left out."""
    UNREADABLE = "unreadable"
    """The Kafka client cannot hand it over; only its place is known."""


def canonical(value: Any) -> bytes:
    """RFC 8785 canonical JSON, for text that came from valid UTF-8, ASCII names and integers below 2^53."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def leaf_hash(leaf: bytes) -> bytes:
    """RFC 6962, section 2.1: the hash of a leaf; the zero byte keeps it apart from the hashes of inner nodes."""
    return sha256(b"\0" + leaf).digest()


def text(content: bytes | None) -> Text:
    """The text as received, or the bytes in base64 where it is not UTF-8."""
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(content).decode()}


def content_of(record: Record) -> dict[str, Any]:
    """What the producer sent: where to, key, headers and value. A resend has the same, its time and offset differ."""
    headers: Sequence[tuple[str, bytes | None]] = record.headers
    return {
        "topic": record.topic,
        "key": text(record.key),
        "headers": [[name, text(value)] for name, value in headers],
        "value": text(record.value),
    }


def encode(
    record: Record, content: Mapping[str, Any], kind: Kind | None, recorded_at: datetime
) -> tuple[bytes, Kind | None]:
    """The leaf of this record, and its kind, which becomes oversize where something had to be left out."""
    place = {
        "v": VERSION,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "recorded_at": rfc3339(recorded_at),
    }
    if record.value is None or len(record.value) <= MAX_VALUE_BYTES:
        leaf = canonical({**content, **place, **_named(kind)})
        if len(leaf) <= MAX_LEAF_BYTES:
            return leaf, kind
    if kind is not Kind.CONFLICT:
        kind = Kind.OVERSIZE
    reduced = {**content, **place, **_named(kind), "value": _measure(record.value)}
    leaf = canonical(reduced)
    if len(leaf) > MAX_LEAF_BYTES:
        headers = _measure(canonical(content["headers"]))
        leaf = canonical({**reduced, "key": _measure(record.key), "headers": headers})
    return leaf, kind


def _named(kind: Kind | None) -> dict[str, str]:
    return {} if kind is None else {"kind": kind}


def _measure(content: bytes | None) -> Mapping[str, Any] | None:
    return None if content is None else {"sha256": sha256(content).hexdigest(), "size": len(content)}
