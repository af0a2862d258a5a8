"""Presence of one patient: the placement of an admission, its states, refusals and the wish that it answers."""

from beds.domain.placement.placement import Placement
from beds.domain.placement.reconciling import Reconciled, reconcile
from beds.domain.placement.refusals import (
    AdmissionAlreadyHolds,
    AlreadyArrived,
    AlreadyReversed,
    AlreadyThere,
    HoldExpired,
    NothingToReverse,
    NotInABed,
    NotOnLeave,
    NotWaiting,
    PatientInAnotherBed,
    PriorBedTaken,
    SamePatient,
    TransferNeeded,
    UnknownDepartureReason,
    UnknownPlacement,
)
from beds.domain.placement.reported import REPORTED_BACK, check_reported
from beds.domain.placement.states import (
    HERE,
    PLACEMENT_STEPS,
    STEPS_ALLOWED,
    WAITING,
    PlacementState,
    Unplaced,
)
from beds.domain.placement.wish import Priority, Want, Wish

__all__ = [
    "HERE",
    "PLACEMENT_STEPS",
    "REPORTED_BACK",
    "STEPS_ALLOWED",
    "WAITING",
    "AdmissionAlreadyHolds",
    "AlreadyArrived",
    "AlreadyReversed",
    "AlreadyThere",
    "HoldExpired",
    "NotInABed",
    "NotOnLeave",
    "NotWaiting",
    "NothingToReverse",
    "PatientInAnotherBed",
    "Placement",
    "PlacementState",
    "PriorBedTaken",
    "Priority",
    "Reconciled",
    "SamePatient",
    "TransferNeeded",
    "UnknownDepartureReason",
    "UnknownPlacement",
    "Unplaced",
    "Want",
    "Wish",
    "check_reported",
    "reconcile",
]
