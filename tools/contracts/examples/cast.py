"""Who and what the examples are about, the same in all of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.catalogue import StateEvent
from common.envelope import Fact, fact
from common.stamp import Stamp
from common.topics import Topic


def _ids() -> Iterator[UUID]:
    number = 0
    while True:
        number += 1
        yield UUID(f"01990000-0000-7000-8000-{number:012d}")


_next = _ids()
DEPARTMENT, ROOM, BED, OTHER_BED, HOLD, CLEANING_JOB = (next(_next) for _ in range(6))
PATIENT, OTHER_PATIENT, ADMISSION = (next(_next) for _ in range(3))
USER, SESSION, ACCESS, OTHER_USER, NOTE = (next(_next) for _ in range(5))
TRANSFER, OTHER_DEPARTMENT = (next(_next) for _ in range(2))
RESERVATION = next(_next)


def at(minute: int) -> Stamp:
    """So many minutes into the story."""
    return Stamp(datetime(2026, 3, 2, 8 + minute // 60, minute % 60, tzinfo=UTC), f"user/{USER}")


def repeated(topic: Topic, key: UUID, state: Any) -> Fact:
    """The state said again, as it is."""
    return fact(topic, StateEvent.REPEATED, state, key=key, at=state.changed_at, before=state)
