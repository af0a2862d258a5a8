"""What is kept of every movement of a patient, whatever became of it later."""

from enum import StrEnum


class MovementKind(StrEnum):
    ARRIVAL = "arrival"
    MOVE = "move"
    LEAVE = "leave"
    RETURN = "return"
    DEPARTURE = "departure"
