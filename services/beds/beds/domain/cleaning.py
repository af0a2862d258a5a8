"""A cleaning job: the work that brings a dirty bed back (domain §3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from beds.domain.step import Step
from beds.domain.targets import Miss, Span, Target, Targets
from common.errors import FieldError, Invalid, Refusal
from common.stamp import Stamp, version_tag


class CleaningType(StrEnum):
    DISCHARGE = "discharge"
    TRANSFER = "transfer"
    ISOLATION_TERMINAL = "isolation_terminal"
    SPILL = "spill"
    DAILY = "daily"


T = CleaningType
AFTER_A_STAY = frozenset({T.DISCHARGE, T.TRANSFER, T.ISOLATION_TERMINAL})
"""Cleaned like this when the patient is out: the trigger is the departure, not the order to discharge."""


class CleaningPriority(StrEnum):
    """Most urgent first."""

    STAT = "stat"
    CLEAN_NEXT = "clean_next"
    NORMAL = "normal"


URGENCY = {priority: rank for rank, priority in enumerate(CleaningPriority)}


class CleaningState(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    STARTED = "started"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    INSPECTED = "inspected"
    CANCELLED = "cancelled"


C = CleaningState
NOT_STARTED = (C.REQUESTED, C.ACCEPTED)
OPEN = (*NOT_STARTED, C.STARTED, C.SUSPENDED)


#: Every step that a job may take. Only a job of type isolation_terminal is inspected.
STEPS: Mapping[str, Step[CleaningState]] = {
    "accept": Step({C.REQUESTED}, C.ACCEPTED),
    "start": Step({C.REQUESTED, C.ACCEPTED}, C.STARTED),
    "suspend": Step({C.STARTED}, C.SUSPENDED),
    "resume": Step({C.SUSPENDED}, C.STARTED),
    "complete": Step({C.STARTED}, C.COMPLETED),
    "inspect": Step({C.COMPLETED}, C.INSPECTED),
    "cancel": Step(frozenset(OPEN), C.CANCELLED),
}


class WrongJobState(Refusal):
    code = "wrong_state"
    sentence = "The cleaning job is not in a state that allows this."


class AlreadyRequested(Refusal):
    code = "already_requested"
    sentence = "This bed has an open cleaning job already."


class SamePerson(Refusal):
    code = "same_person"
    sentence = "Whoever took part in the cleaning does not inspect it. Let somebody else look."


class ReasonNeeded(Invalid):
    sentence = "Say by a reason code why the inspection failed."

    def __init__(self) -> None:
        super().__init__(
            errors=[FieldError(field="body.reason_code", code="missing", message="say why it failed")]
        )


@dataclass(frozen=True, slots=True)
class CleaningJob:
    """One cleaning of one bed, with the stamps that its targets are counted from.

    `counted_from` is the start, moved later by every suspension: time suspended is no cleaning time.
    `cleaned_by` is everybody who started, resumed or completed it. `missed` names the misses that were told of,
    and `due_at` is the moment of the next.
    """

    id: UUID
    bed_id: UUID
    department_id: UUID
    type: CleaningType
    priority: CleaningPriority
    state: CleaningState
    requested_at: datetime
    accepted_at: datetime | None
    accepted_by: str | None
    started_at: datetime | None
    started_by: str | None
    counted_from: datetime | None
    suspended_at: datetime | None
    completed_at: datetime | None
    cleaned_by: tuple[str, ...]
    inspected_at: datetime | None
    inspected_by: str | None
    passed: bool | None
    reason_code: str | None
    targets: Targets
    missed: tuple[str, ...]
    due_at: datetime | None
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
        targets: Targets,
        *,
        type: CleaningType,  # noqa: A002 - the contract's word
        priority: CleaningPriority = CleaningPriority.NORMAL,
        waits_since: datetime | None = None,
    ) -> "CleaningJob":
        """A new job. The bed `waits_since` then where that is earlier than the request."""
        nothing: dict[str, Any] = dict.fromkeys(_LATER)
        job = cls(
            id=job_id,
            bed_id=bed_id,
            department_id=department_id,
            type=type,
            priority=priority,
            state=C.REQUESTED,
            requested_at=waits_since or stamp.at,
            cleaned_by=(),
            targets=targets,
            missed=(),
            version=1,
            changed_at=stamp.at,
            changed_by=stamp.by,
            **nothing,
        )
        return job._due()

    def tag(self, now: datetime) -> str:
        """Its version, and how many targets the clock has passed."""
        return version_tag(self.version, len(self.settled(now).missed))

    def settled(self, now: datetime) -> "CleaningJob":
        """As the clock has it: a target whose time is over is missed, told of or not."""
        over = (miss.name for miss in sorted(self._untold()) if miss.at <= now)
        return replace(self, missed=(*self.missed, *over))._due()

    def accepted(self, stamp: Stamp) -> "CleaningJob":
        """Somebody is on the way. Anybody may start it all the same: people are called away."""
        return self._step("accept", stamp, accepted_at=stamp.at, accepted_by=stamp.by)

    def started(self, stamp: Stamp) -> "CleaningJob":
        return self._step(
            "start",
            stamp,
            started_at=stamp.at,
            started_by=stamp.by,
            counted_from=stamp.at,
            **self._hand(stamp),
        )

    def suspended(self, stamp: Stamp) -> "CleaningJob":
        return self._step("suspend", stamp, suspended_at=stamp.at)

    def resumed(self, stamp: Stamp) -> "CleaningJob":
        counted_from = self.counted_from
        if counted_from is not None and self.suspended_at is not None:
            counted_from += stamp.at - self.suspended_at
        return self._step("resume", stamp, counted_from=counted_from, **self._hand(stamp))

    def completed(self, stamp: Stamp) -> "CleaningJob":
        return self._step("complete", stamp, completed_at=stamp.at, **self._hand(stamp))

    def inspected(self, passed: bool, reason_code: str | None, stamp: Stamp) -> "CleaningJob":
        """Looked at by somebody who took no part. Raises `WrongJobState`, `SamePerson`, `ReasonNeeded`."""
        if self.type is not T.ISOLATION_TERMINAL:
            raise WrongJobState(**self.facts())
        inspected = self._step(
            "inspect",
            stamp,
            inspected_at=stamp.at,
            inspected_by=stamp.by,
            passed=passed,
            reason_code=reason_code,
        )
        if stamp.by in self.cleaned_by:
            raise SamePerson(**self.facts())
        if not passed and reason_code is None:
            raise ReasonNeeded
        return inspected

    def cancelled(self, stamp: Stamp) -> "CleaningJob":
        return self._step("cancel", stamp)

    def gives_way_to(self, kind: CleaningType, priority: CleaningPriority) -> bool:
        """Whether, not yet started, it is replaced by the same more urgently, or by a cleaning after isolation."""
        return (
            self.state in NOT_STARTED
            and kind in (self.type, T.ISOLATION_TERMINAL)
            and URGENCY[priority] <= URGENCY[self.priority]
            and (kind, priority) != (self.type, self.priority)
        )

    # Targets

    def spans(self) -> Mapping[Target, Span]:
        """What each target counts. Nothing is counted once the job is not needed any more."""
        if self.state is C.CANCELLED:
            return {}
        counted = {
            Target.RESPONSE: Span(self.requested_at, self.started_at),
            Target.TURNAROUND: Span(self.requested_at, self.completed_at),
        }
        if self.counted_from is not None:
            stopped_at = self.suspended_at if self.state is C.SUSPENDED else self.completed_at
            counted[Target.CLEANING] = Span(self.counted_from, stopped_at)
        return counted

    def next_miss(self) -> Miss | None:
        """The earliest miss that was not told of, in the past or to come."""
        return min(self._untold(), default=None)

    def told(self, miss: Miss, stamp: Stamp) -> "CleaningJob":
        """The miss is told of: once."""
        return self._stamped(stamp, missed=(*self.missed, miss.name))

    def facts(self) -> dict[str, Any]:
        """What a refusal tells of the job as it is now, and who made it so."""
        return {
            "job_id": self.id,
            "state": self.state,
            "changed_at": self.changed_at,
            "changed_by": self.changed_by,
        }

    def _untold(self) -> list[Miss]:
        every = [miss for target, span in self.spans().items() for miss in span.misses(target, self.targets)]
        return [miss for miss in every if miss.name not in self.missed]

    def _hand(self, stamp: Stamp) -> dict[str, Any]:
        return {"cleaned_by": tuple(dict.fromkeys((*self.cleaned_by, stamp.by)))}

    def _step(self, act: str, stamp: Stamp, **changes: Any) -> "CleaningJob":
        step = STEPS[act]
        if self.state not in step.sources:
            raise WrongJobState(**self.facts())
        return self._stamped(stamp, state=step.becomes, **changes)

    def _stamped(self, stamp: Stamp, **changes: Any) -> "CleaningJob":
        changed = replace(self, version=self.version + 1, changed_at=stamp.at, changed_by=stamp.by, **changes)
        return changed._due()

    def _due(self) -> "CleaningJob":
        miss = self.next_miss()
        return replace(self, due_at=miss.at if miss else None)


#: The stamps that a job gets later.
_LATER = (
    *(
        "accepted_at",
        "accepted_by",
        "started_at",
        "started_by",
        "counted_from",
        "suspended_at",
        "completed_at",
    ),
    *("inspected_at", "inspected_by", "passed", "reason_code", "due_at"),
)
