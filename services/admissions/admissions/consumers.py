"""Kafka in: what beds publishes is followed, and the list of the erased patients, for a database that was restored."""

from datetime import datetime
from functools import partial
from uuid import UUID

from admissions.domain.admission import Answer, PresenceState
from admissions.events import ERASED_PATIENT
from admissions.handlers.answers import hear_answer
from admissions.handlers.erasure import erase_again
from admissions.projections import copy_departments
from common.applying import Effects, Projection, Reaction
from common.db import UnitOfWork
from common.envelope import Received
from common.process import Process
from common.stamp import Stamp
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


async def _erased(act: UnitOfWork, event: Received) -> None:
    said = event.payload
    stamp = Stamp(datetime.fromisoformat(said["erased_at"]), said["changed_by"])
    await erase_again(act, UUID(said["id"]), event.version, stamp)


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def effects(process: Process) -> Effects:
    return {
        PLACEMENT.state: Reaction(partial(_placement, process)),
        DEPARTMENT.state: Projection(copy_departments),
        ERASED_PATIENT.state: Reaction(_erased),
    }
