"""What one record is to a consumer, before it touches the database: something to apply, or to count and pass over."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from common.envelope import MAX_VALUE_BYTES, Received, Unreadable, parse

T = TypeVar("T")

KNOWN_FORM = 1
"""The major version of the payloads that the topics of today carry."""


class Fate(StrEnum):
    """Where a record ends."""

    APPLIED = "applied"
    REPEATED = "repeated"
    """Its event was applied before: the producer sent it twice, or it was read again."""
    TOMBSTONE = "tombstone"
    """Passed over: nothing happened in it, and an events topic keeps no state that it could end."""
    UNKNOWN_TYPE = "unknown_type"
    """Passed over: a payload in a form that is newer than this program."""
    BURIED = "buried"
    """A dead letter."""


@dataclass(frozen=True, slots=True)
class Incoming(Generic[T]):
    """An event, and what the consumer read out of it."""

    event: Received
    said: T

    @property
    def identity(self) -> tuple[str, str]:
        """Under which it has one effect."""
        return self.event.source, self.event.id


def receive(record: "ConsumerRecord[Any, Any]", read: Callable[[Received], T]) -> "Incoming[T] | Fate":
    """Total but for `Unreadable`, which says what is wrong with the record, without content."""
    if record.value is None and record.topic.endswith(".events.v1"):
        return Fate.TOMBSTONE
    if record.value is not None and len(record.value) > MAX_VALUE_BYTES:
        raise Unreadable(f"more than {MAX_VALUE_BYTES} bytes")
    event = parse(record.topic, record.key, record.headers, record.value)
    if event.form != KNOWN_FORM:
        return Fate.UNKNOWN_TYPE
    try:
        return Incoming(event, read(event))
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Unreadable(f"payload: {'.'.join(map(str, first['loc']))} {first['type']}") from None
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Unreadable(f"payload: {type(error).__name__}") from None
