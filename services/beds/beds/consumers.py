"""Kafka in: what admissions publishes is answered by placements."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from beds import records
from beds.domain.placement import Want, Wish
from beds.handlers.wishes import answer_wish
from common.applying import Effects, Reaction
from common.db import UnitOfWork
from common.envelope import Received
from common.process import Process
from common.topics import Topic

ADMISSION = Topic("admissions", "admission", has_state=True)


async def _admission(act: UnitOfWork, event: Received) -> None:
    said = event.payload
    wish = Wish(
        admission_id=UUID(said["id"]),
        patient_id=UUID(said["patient_id"]),
        want=_want(said) if said["want"] else None,
        want_version=int(said["want_version"]),
        stay_number=int(said["stay_number"]),
    )
    await answer_wish(act, wish)


def _want(said: Mapping[str, Any]) -> Want:
    """A want of an earlier release has no time of its own and was wanted when the admission was requested."""
    return records.read_want({"requested_at": said["requested_at"], **said["want"]})


def effects(_: Process) -> Effects:
    return {ADMISSION.state: Reaction(_admission)}
