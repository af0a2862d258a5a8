"""Where a placement is, and why one that waits has no bed."""

from enum import StrEnum


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
