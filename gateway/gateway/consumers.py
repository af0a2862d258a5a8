"""Kafka in: with the identity of a patient go the words that were noted about the patient and every admission."""

from uuid import UUID

from pydantic import BaseModel

from common.applying import Effects, Reaction
from common.db import UnitOfWork
from common.envelope import Received
from common.process import Process
from common.topics import Topic
from gateway.notes import records

ERASED_PATIENT = Topic("admissions", "patient", has_state=True)


class _Erased(BaseModel):
    id: UUID
    erased_with: tuple[UUID, ...]


def _erased(event: Received) -> _Erased:
    return _Erased.model_validate(event.payload)


async def _destroy_words(act: UnitOfWork, erased: _Erased) -> None:
    await records.destroy(act, (erased.id, *erased.erased_with))


#: The topics that are listened to.
CONSUMES = (ERASED_PATIENT,)


def effects(_: Process) -> Effects:
    return {ERASED_PATIENT.state: Reaction(_erased, _destroy_words)}
