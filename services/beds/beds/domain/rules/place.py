"""What the rules know of one bed: its room, and who is in that room."""

from dataclasses import dataclass, replace

from beds.domain.bed import BedState
from beds.domain.layout import RoomFacts
from beds.domain.rules.needs import Needs

Neighbours = tuple[Needs | None, ...]
"""What everybody needs who is in the room or for whom a bed of it is held; None where nothing is known of somebody."""


@dataclass(frozen=True, slots=True)
class Place:
    """A bed as a patient would find it. `single`: the room has one bed alone that is not closed, cots not counted."""

    state: BedState
    equipment: frozenset[str]
    room: RoomFacts
    single: bool
    neighbours: Neighbours
    is_cot: bool = False

    def ready(self) -> "Place":
        """As it will be when it is free and clean."""
        return replace(self, state=BedState.AVAILABLE)
