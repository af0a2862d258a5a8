"""The facts that admissions publishes, one per changed aggregate and act (contract §4), without any identity."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from common.envelope import Fact, fact
from common.stamp import Versioned
from common.topics import Topic

PATIENT = Topic("admissions", "patient")
ADMISSION = Topic("admissions", "admission", has_state=True)
TOPICS = (PATIENT, ADMISSION)


class PatientEvent(StrEnum):
    REGISTERED = "registered"
    CORRECTED = "corrected"


class AdmissionEvent(StrEnum):
    REQUESTED = "requested"
    CHANGED = "changed"
    BED_ASSIGNED = "bed_assigned"
    ADMITTED = "admitted"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    DISCHARGE_CONFIRMED = "discharge_confirmed"
    DISCHARGED = "discharged"


def happened(
    what: PatientEvent | AdmissionEvent, key: UUID, state: Versioned, before: Versioned | None, **more: Any
) -> Fact:
    """The fact that tells of one change of one aggregate: its whole new state, which fields changed, and why."""
    topic = PATIENT if isinstance(what, PatientEvent) else ADMISSION
    return fact(topic, what, state, key=key, at=state.changed_at, before=before, **more)
