"""One bed, one operation after the other: what each may find, and what it leaves (domain §3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.chaos.history import OK, UNKNOWN, Operation

AVAILABLE, HELD, OCCUPIED, DIRTY, CLEANING = "available", "held", "occupied", "dirty", "cleaning"


class Bed(NamedTuple):
    """A state, and the admission that it is for."""

    state: str = AVAILABLE
    admission: str | None = None


FREE = Bed()


#: What each operation makes of a bed in a state; what is not here, the bed does not allow.
_STEPS: Mapping[tuple[str, str], str] = {
    ("hold", AVAILABLE): HELD,
    ("release", HELD): AVAILABLE,
    ("arrive", AVAILABLE): OCCUPIED,
    ("arrive", HELD): OCCUPIED,
    ("depart", OCCUPIED): DIRTY,
    ("ready", DIRTY): AVAILABLE,
    ("start_cleaning", DIRTY): CLEANING,
    ("complete_cleaning", CLEANING): AVAILABLE,
}
_FOR_SOMEBODY = (HELD, OCCUPIED)

#: Which beds explain a refusal; `mine` says that the bed is for the admission that asked. Other codes say nothing.
_REASONS: Mapping[str, Callable[[str, bool], bool]] = {
    "bed_taken": lambda state, mine: state in _FOR_SOMEBODY,
    "held_for_another": lambda state, mine: state == HELD and not mine,
    "bed_not_ready": lambda state, mine: state in (DIRTY, CLEANING),
    "admission_already_holds": lambda state, mine: state == HELD and mine,
    "bed_not_dirty": lambda state, mine: state != DIRTY,
    "not_in_a_bed": lambda state, mine: not (state == OCCUPIED and mine),
}


def after(bed: Bed, operation: Operation) -> list[Bed]:
    """What the bed may be after the operation with this result; nothing where the result cannot be."""
    admission = operation.args.get("admission")
    done = _done(bed, operation.op, admission)
    if operation.outcome == UNKNOWN:
        return done  # or it never happens: then it has no place in the order
    if operation.op == "read":
        seen = Bed(operation.result["state"], operation.result["admission_id"])
        return [bed] if bed == seen else []
    if operation.outcome == OK:
        return done
    reason = _REASONS.get(operation.result["code"])
    return [bed] if reason is None or reason(bed.state, bed.admission == admission) else []


def _done(bed: Bed, op: str, admission: str | None) -> list[Bed]:
    becomes = _STEPS.get((op, bed.state))
    if becomes is None or (bed.admission and bed.admission != admission):
        return []
    return [Bed(becomes, admission if becomes in _FOR_SOMEBODY else None)]
