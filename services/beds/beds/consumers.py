"""Kafka in: what admissions publishes is answered by placements."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Needs
from beds.handlers.wishes import answer_wish
from common.applying import Effects, Reaction
from common.envelope import Received
from common.process import Process
from common.topics import Topic

ADMISSION = Topic("admissions", "admission", has_state=True)
#: The one state of an admission that beds has to know: the others are what it says itself.
ENTERED_IN_ERROR = "entered_in_error"


class _Want(BaseModel):
    department_id: UUID
    bed_id: UUID | None
    priority: Priority
    needs: dict[str, Any]
    ready: bool
    requested_at: AwareDatetime | None = None
    """A want of an earlier release has no time of its own and was wanted when the admission was requested."""


class _Admission(BaseModel):
    """What beds relies on in the state of an admission, whatever else it tells."""

    id: UUID
    patient_id: UUID
    state: str
    want: _Want | None
    want_version: int
    stay_number: int
    requested_at: AwareDatetime


def _wish(event: Received) -> Wish:
    said = _Admission.model_validate(event.payload)
    in_error = said.state == ENTERED_IN_ERROR
    return Wish(said.id, said.patient_id, _want(said), said.want_version, said.stay_number, in_error)


def _want(said: _Admission) -> Want | None:
    if said.want is None:
        return None
    about = said.want.model_dump(exclude={"requested_at", "needs"})
    return Want(
        **about, needs=Needs.read(said.want.needs), requested_at=said.want.requested_at or said.requested_at
    )


def effects(_: Process) -> Effects:
    return {ADMISSION.state: Reaction(_wish, answer_wish)}
