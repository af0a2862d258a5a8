"""A cleaning job: the work that brings a dirty bed back (domain §3)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.errors import Refusal
from common.stamp import Stamp, version_tag


class CleaningType(StrEnum):
    DISCHARGE = "discharge"
    TRANSFER = "transfer"
    ISOLATION_TERMINAL = "isolation_terminal"
    SPILL = "spill"
    DAILY = "daily"


class CleaningPriority(StrEnum):
    STAT = "stat"
    CLEAN_NEXT = "clean_next"
    NORMAL = "normal"


class CleaningState(StrEnum):
    REQUESTED = "requested"
    STARTED = "started"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


C = CleaningState
OPEN = (C.REQUESTED, C.STARTED)

TRANSITIONS: frozenset[tuple[CleaningState, CleaningState]] = frozenset(
    {(C.REQUESTED, C.STARTED), (C.STARTED, C.COMPLETED), (C.REQUESTED, C.CANCELLED), (C.STARTED, C.CANCELLED)}
)


class WrongJobState(Refusal):
    code = "wrong_state"
    sentence = "The cleaning job is not in a state that allows this."


class AlreadyRequested(Refusal):
    code = "already_requested"
    sentence = "This bed has an open cleaning job already."


@dataclass(frozen=True, slots=True)
class CleaningJob:
    """One cleaning of one bed, with the stamps that its targets are counted from."""

    id: UUID
    bed_id: UUID
    department_id: UUID
    type: CleaningType
    priority: CleaningPriority
    state: CleaningState
    requested_at: datetime
    started_at: datetime | None
    started_by: str | None
    completed_at: datetime | None
    version: int
    changed_at: datetime
    changed_by: str

    @classmethod
    def requested(
        cls,
        job_id: UUID,
        bed_id: UUID,
        department_id: UUID,
        stamp: Stamp,
        *,
        type: CleaningType,  # noqa: A002 - the contract's word
        priority: CleaningPriority = CleaningPriority.NORMAL,
    ) -> "CleaningJob":
        return cls(
            job_id,
            bed_id,
            department_id,
            type,
            priority,
            C.REQUESTED,
            stamp.at,
            None,
            None,
            None,
            1,
            stamp.at,
            stamp.by,
        )

    def tag(self) -> str:
        return version_tag(self.version)

    def started(self, stamp: Stamp) -> "CleaningJob":
        return self._become(C.STARTED, stamp, started_at=stamp.at, started_by=stamp.by)

    def completed(self, stamp: Stamp) -> "CleaningJob":
        return self._become(C.COMPLETED, stamp, completed_at=stamp.at)

    def cancelled(self, stamp: Stamp) -> "CleaningJob":
        return self._become(C.CANCELLED, stamp)

    def _become(self, state: CleaningState, stamp: Stamp, **changes: Any) -> "CleaningJob":
        if (self.state, state) not in TRANSITIONS:
            raise WrongJobState(
                job_id=self.id, state=self.state, changed_at=self.changed_at, changed_by=self.changed_by
            )
        return replace(
            self, state=state, version=self.version + 1, changed_at=stamp.at, changed_by=stamp.by, **changes
        )
