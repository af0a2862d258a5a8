"""What is kept of every movement of a patient, whatever became of it later."""

from enum import StrEnum


class MovementKind(StrEnum):
    ARRIVAL = "arrival"
    MOVE = "move"
    LEAVE = "leave"
    RETURN = "return"
    DEPARTURE = "departure"
    ARRIVAL_REVERSED = "arrival_reversed"
    MOVE_REVERSED = "move_reversed"


class Reversible(StrEnum):
    """What was recorded by mistake and can be taken back (HL7 events A11 and A12)."""

    ARRIVAL = "arrival"
    MOVE = "move"
