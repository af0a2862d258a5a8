"""The facts that admissions publishes, one per changed aggregate and act (contract §4). No identity is in any of them."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from common.envelope import Fact, fact
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


class Versioned(Protocol):
    """Any aggregate of this service."""

    @property
    def version(self) -> int: ...

    @property
    def changed_at(self) -> datetime: ...


def happened(what: PatientEvent | AdmissionEvent, key: UUID, state: Versioned, before: Versioned | None, **more: Any) -> Fact:
    """The fact that tells of one change of one aggregate: its whole new state, which fields changed, and why."""
    topic = PATIENT if isinstance(what, PatientEvent) else ADMISSION
    return fact(topic, what, state, key=key, at=state.changed_at, before=before, **more)
