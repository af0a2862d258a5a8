"""Presence of one patient: the placement of an admission, its states, refusals and the wish that it answers."""

from beds.domain.placement.placement import Placement, Reconciled
from beds.domain.placement.refusals import (
    AdmissionAlreadyHolds,
    AlreadyArrived,
    AlreadyThere,
    HoldExpired,
    NotInABed,
    NotOnLeave,
    NotWaiting,
    PatientInAnotherBed,
    TransferNeeded,
    UnknownPlacement,
)
from beds.domain.placement.reported import REPORTED_BACK, check_reported
from beds.domain.placement.states import HERE, WAITING, PlacementState, Unplaced
from beds.domain.placement.wish import Priority, Want, Wish

__all__ = [
    "HERE",
    "REPORTED_BACK",
    "WAITING",
    "AdmissionAlreadyHolds",
    "AlreadyArrived",
    "AlreadyThere",
    "HoldExpired",
    "NotInABed",
    "NotOnLeave",
    "NotWaiting",
    "PatientInAnotherBed",
    "Placement",
    "PlacementState",
    "Priority",
    "Reconciled",
    "TransferNeeded",
    "UnknownPlacement",
    "Unplaced",
    "Want",
    "Wish",
    "check_reported",
]
