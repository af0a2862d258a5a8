"""The facts that beds publishes, one per changed aggregate and act (contract §4)."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from common.envelope import Fact, fact
from common.stamp import Versioned
from common.topics import Topic

DEPARTMENT = Topic("beds", "department", has_state=True)
ROOM = Topic("beds", "room")
BED = Topic("beds", "bed", has_state=True)
PLACEMENT = Topic("beds", "placement", has_state=True)
CLEANING_JOB = Topic("beds", "cleaning_job")
TOPICS = (DEPARTMENT, ROOM, BED, PLACEMENT, CLEANING_JOB)


class DepartmentEvent(StrEnum):
    OPENED = "opened"
    CHANGED = "changed"
    CLOSED = "closed"


class RoomEvent(StrEnum):
    ADDED = "added"
    CHANGED = "changed"


class BedEvent(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    HELD = "held"
    RELEASED = "released"
    HOLD_EXPIRED = "hold_expired"
    OCCUPIED = "occupied"
    VACATED = "vacated"
    READIED = "readied"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    CLOSED = "closed"
    OPENED = "opened"


class PlacementEvent(StrEnum):
    QUEUED = "queued"
    HELD = "held"
    ARRIVED = "arrived"
    MOVED = "moved"
    DEPARTED = "departed"
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered"


class CleaningJobEvent(StrEnum):
    REQUESTED = "requested"
    STARTED = "started"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


_TOPIC_OF: dict[type[StrEnum], Topic] = {
    DepartmentEvent: DEPARTMENT,
    RoomEvent: ROOM,
    BedEvent: BED,
    PlacementEvent: PLACEMENT,
    CleaningJobEvent: CLEANING_JOB,
}


def happened(what: StrEnum, key: UUID, state: Versioned, before: Versioned | None, **more: Any) -> Fact:
    """The fact that tells of one change of one aggregate: its whole new state, which fields changed, and why."""
    return fact(_TOPIC_OF[type(what)], what, state, key=key, at=state.changed_at, before=before, **more)
