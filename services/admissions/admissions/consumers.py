"""Kafka in: what beds publishes is followed, and the list of the erased patients, for a database that was restored."""

from functools import partial
from typing import NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from admissions.domain.admission import Answer, PresenceState
from admissions.events import ERASED_PATIENT
from admissions.handlers.answers import hear_answer
from admissions.handlers.erasure import erase_again
from admissions.projections import KnownDepartment, copy_departments
from common.applying import Effects, Projection, Reaction
from common.db import UnitOfWork
from common.envelope import Received
from common.process import Process
from common.stamp import Stamp
from common.topics import Topic

PLACEMENT = Topic("beds", "placement", has_state=True)
DEPARTMENT = Topic("beds", "department", has_state=True)


class _Placement(BaseModel):
    """What admissions relies on in the state of a placement, whatever else it tells."""

    admission_id: UUID
    want_version: int
    state: PresenceState
    refusal: str | None
    department_id: UUID | None
    bed_id: UUID | None
    held_until: AwareDatetime | None
    since: AwareDatetime
    occurred_at: AwareDatetime | None = None


class _Heard(NamedTuple):
    admission_id: UUID
    answer: Answer


def _answer(event: Received) -> _Heard:
    said = _Placement.model_validate(event.payload)
    about = said.model_dump(exclude={"admission_id", "since", "occurred_at"})
    since = said.occurred_at or said.since
    return _Heard(said.admission_id, Answer(version=event.version, since=since, **about))


async def _hear(process: Process, act: UnitOfWork, heard: _Heard) -> None:
    if await hear_answer(act, heard.admission_id, heard.answer):
        act.afterwards.append(partial(process.waiters.wake, heard.admission_id))


class _Department(BaseModel):
    id: UUID
    state: str


def _department(event: Received) -> KnownDepartment:
    said = _Department.model_validate(event.payload)
    return KnownDepartment(said.id, said.state, event.version)


class _ErasedPatient(BaseModel):
    """A patient of the list of the erased."""

    id: UUID
    erased_at: AwareDatetime
    changed_by: str


class _Erased(NamedTuple):
    patient_id: UUID
    version: int
    stamp: Stamp


def _erased(event: Received) -> _Erased:
    said = _ErasedPatient.model_validate(event.payload)
    return _Erased(said.id, event.version, Stamp(said.erased_at, said.changed_by))


async def _erase(act: UnitOfWork, erased: _Erased) -> None:
    await erase_again(act, *erased)


def effects(process: Process) -> Effects:
    return {
        PLACEMENT.state: Reaction(_answer, partial(_hear, process)),
        DEPARTMENT.state: Projection(_department, copy_departments),
        ERASED_PATIENT.state: Reaction(_erased, _erase),
    }
