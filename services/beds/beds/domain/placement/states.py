"""Where a placement is, and why one that waits has no bed."""

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import NamedTuple


class PlacementState(StrEnum):
    QUEUED = "queued"
    HELD = "held"
    IN_BED = "in_bed"
    ON_LEAVE = "on_leave"
    LEFT = "left"
    WITHDRAWN = "withdrawn"


class Unplaced(StrEnum):
    """Why a queued placement has no bed (`refusal`). Only `no_bed` is tried again without a person or a new want.

    `rule_failed`: the one bed that is wanted is free and does not suit. `not_ready`: the patient cannot move yet.
    """

    NO_BED = "no_bed"
    RULE_FAILED = "rule_failed"
    NOT_READY = "not_ready"
    RELEASED = "released"
    EXPIRED = "expired"
    REVERSED = "reversed"
    RECOVERED = "recovered"


P = PlacementState
HERE = (P.IN_BED, P.ON_LEAVE)
WAITING = (P.QUEUED, P.HELD)


class PlacementStep(NamedTuple):
    """From each of these states to each of those, but to itself."""

    sources: Set[PlacementState]
    becomes: Set[PlacementState]


#: Every step that a placement may take. What leaves its state as it is, like a move or another hold, is none.
PLACEMENT_STEPS: Mapping[str, PlacementStep] = {
    "want": PlacementStep({P.QUEUED, P.HELD, P.LEFT, P.WITHDRAWN}, frozenset(WAITING)),
    "want nothing": PlacementStep(frozenset(WAITING), {P.WITHDRAWN, P.LEFT}),
    "hold": PlacementStep({P.QUEUED}, {P.HELD}),
    "end of the hold": PlacementStep({P.HELD}, {P.QUEUED}),
    "arrival": PlacementStep(frozenset(WAITING), {P.IN_BED}),
    "leave": PlacementStep({P.IN_BED}, {P.ON_LEAVE}),
    "return": PlacementStep({P.ON_LEAVE}, {P.IN_BED}),
    "departure": PlacementStep({P.QUEUED, *HERE}, {P.LEFT}),
    "arrival reversed": PlacementStep({P.IN_BED}, {P.QUEUED, P.LEFT, P.WITHDRAWN}),
}
#: The same as pairs, with those states in which the first answer finds a placement, which was nothing (None) before.
STEPS_ALLOWED: Set[tuple[PlacementState | None, PlacementState]] = {
    *((was, now) for step in PLACEMENT_STEPS.values() for was in step.sources for now in step.becomes),
    *((None, first) for first in (*WAITING, P.WITHDRAWN)),
}
