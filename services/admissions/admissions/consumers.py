"""Kafka in: what beds publishes is followed by admissions."""

from datetime import datetime
from functools import partial
from uuid import UUID

from admissions.domain.admission import Answer, PresenceState
from admissions.handlers.answers import hear_answer
from admissions.projections import copy_departments
from common.applying import Effects, Projection, Reaction
from common.db import UnitOfWork
from common.envelope import Received
from common.process import Process
from common.topics import Topic

PLACEMENT = Topic("beds", "placement", has_state=True)
DEPARTMENT = Topic("beds", "department", has_state=True)


async def _placement(process: Process, act: UnitOfWork, event: Received) -> None:
    said = event.payload
    answer = Answer(
        version=event.version,
        want_version=int(said["want_version"]),
        state=PresenceState(said["state"]),
        refusal=said["refusal"],
        department_id=_uuid(said["department_id"]),
        bed_id=_uuid(said["bed_id"]),
        held_until=said["held_until"] and datetime.fromisoformat(said["held_until"]),
    )
    admission_id = UUID(said["admission_id"])
    if await hear_answer(act, admission_id, answer):
        act.afterwards.append(partial(process.waiters.wake, admission_id))


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def effects(process: Process) -> Effects:
    return {
        PLACEMENT.state: Reaction(partial(_placement, process)),
        DEPARTMENT.state: Projection(copy_departments),
    }
