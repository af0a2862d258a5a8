"""How a discharge is prepared: when it is expected, and what has to be done before (domain §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from common.errors import FieldError, Invalid
from common.stamp import Stamp

MOST_MILESTONES = 10


class Step(NamedTuple):
    """What somebody says of a milestone: done or not, and why it is late.

    `kind` is orders, medicines, transport, teaching, family or another code of the house.
    """

    kind: str
    done: bool
    delay_reason_code: str | None


@dataclass(frozen=True, slots=True)
class Milestone:
    """What has to be done before the patient can leave, and since when and by whom it is."""

    kind: str
    done_at: datetime | None
    done_by: str | None
    delay_reason_code: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan as somebody wants it from now on. `reason_code` tells why another time is expected."""

    expected_at: datetime | None
    reason_code: str | None
    steps: tuple[Step, ...]


def milestones(plan: Plan, before: Sequence[Milestone], stamp: Stamp) -> tuple[Milestone, ...]:
    """What was done before keeps its time. Raises `Invalid` when a kind stands twice."""
    known = {milestone.kind: milestone for milestone in before if milestone.done_at is not None}
    if len({step.kind for step in plan.steps}) < len(plan.steps):
        raise Invalid(
            errors=[FieldError(field="body.milestones", code="twice", message="each kind stands once")]
        )
    return tuple(_milestone(step, known.get(step.kind), stamp) for step in plan.steps)


def _milestone(step: Step, done: Milestone | None, stamp: Stamp) -> Milestone:
    if not step.done:
        return Milestone(step.kind, None, None, step.delay_reason_code)
    at, by = (done.done_at, done.done_by) if done else (stamp.at, stamp.by)
    return Milestone(step.kind, at, by, step.delay_reason_code)


def check_reason(plan: Plan, before: datetime | None) -> None:
    """Another expected time than the one `before` needs a reason. Raises `Invalid`."""
    if before is not None and plan.expected_at != before and plan.reason_code is None:
        raise Invalid(
            "Say why another time is expected.",
            errors=[FieldError(field="body.reason_code", code="missing", message="is missing")],
        )
