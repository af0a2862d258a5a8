"""Where an admission stands, and where beds says that its patient is."""

from enum import StrEnum


class AdmissionState(StrEnum):
    REQUESTED = "requested"
    BED_ASSIGNED = "bed_assigned"
    ADMITTED = "admitted"
    ON_LEAVE = "on_leave"
    CANCELLING = "cancelling"
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    ENTERED_IN_ERROR = "entered_in_error"


class PresenceState(StrEnum):
    """The states of a placement, as beds publishes them."""

    QUEUED = "queued"
    HELD = "held"
    IN_BED = "in_bed"
    ON_LEAVE = "on_leave"
    LEFT = "left"
    WITHDRAWN = "withdrawn"


class Disposition(StrEnum):
    """Where the patient goes (domain §4)."""

    HOME = "home"
    TRANSFERRED_OUT = "transferred_out"
    DECEASED = "deceased"
    AGAINST_ADVICE = "against_advice"
    OTHER = "other"
    UNSPECIFIED = "unspecified"


A, P = AdmissionState, PresenceState
OPEN = (A.REQUESTED, A.BED_ASSIGNED, A.ADMITTED, A.ON_LEAVE, A.CANCELLING)
ARRIVED = (A.ADMITTED, A.ON_LEAVE)
#: As what an admission may end that beds still has to let go.
TARGETS = (A.CANCELLED, A.NO_SHOW, A.ENTERED_IN_ERROR)
#: What is over and may turn out to have been entered in error.
CORRECTABLE = (A.DISCHARGED, A.CANCELLED, A.NO_SHOW)

#: The seeds' word where it differs from ours (contract §3).
STATUS: dict[AdmissionState, str] = {
    A.REQUESTED: "pending",
    A.BED_ASSIGNED: "pending",
    A.ON_LEAVE: "admitted",
}

#: What an open admission becomes when its placement is in this state. What is not here cannot be.
FOLLOWS: dict[PresenceState, AdmissionState] = {
    P.QUEUED: A.REQUESTED,
    P.HELD: A.BED_ASSIGNED,
    P.IN_BED: A.ADMITTED,
    P.ON_LEAVE: A.ON_LEAVE,
    P.LEFT: A.DISCHARGED,
}
