"""Why each in the queue has no bed: what keeps the free beds from being given, judged by the placement rules.

One statement finds the free beds of all the departments that a page of the queue waits for; the rest is pure.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache, partial
from typing import Any, NamedTuple
from uuid import UUID

from beds.domain.placement import Unplaced
from beds.domain.rules import Needs, Rule, RulePack
from beds.records.places import Alike, free_places
from common.db import Reader

Row = Any


class Why(StrEnum):
    """What a patient without a bed waits for."""

    NO_BED_FREE = "no_bed_free"
    NO_BED_SUITS = "no_bed_suits"
    NAMED_BED_NOT_FREE = "named_bed_not_free"
    NAMED_BED_UNSUITED = "named_bed_unsuited"
    TURN = "turn"
    """A bed is free and suits: it is offered to whoever goes first."""
    OFFERED_BEFORE = "offered_before"
    """Each bed that suits was offered for this want and not taken: none of them is offered again."""
    NOT_READY = "not_ready"
    RESERVATION = "reservation"
    """A bed is reserved for later."""
    PERSON = "person"
    """Gets none by itself: somebody has to hold a bed."""


class Weighed(NamedTuple):
    """The free beds that are wanted: how many, how many suit, and how many each rule rules out."""

    free_beds: int
    suitable_beds: int
    ruled_out: Mapping[str, int]
    to_offer: int
    """How many suit and were not offered before."""


def weigh(
    pack: RulePack,
    needs: Needs,
    free: Iterable[Alike],
    department_id: UUID,
    bed_id: UUID | None,
    had: Collection[UUID] = (),
) -> Weighed:
    """The beds of the department, or the one that is named; `had` are those that were offered before."""
    count, suitable, to_offer, against = 0, 0, 0, Counter[Rule]()
    for alike in free:
        if wanted := alike.wanted(department_id, bed_id):
            failed = pack.failed(alike.place, needs)
            count += wanted
            if not failed:
                suitable += wanted
                to_offer += alike.wanted(department_id, bed_id, had)
            against.update(dict.fromkeys(failed, wanted))
    most_first = sorted(against.items(), key=lambda one: (-one[1], one[0]))
    return Weighed(count, suitable, {rule.value: beds for rule, beds in most_first}, to_offer)


def why(refusal: Unplaced, weighed: Weighed, *, is_named: bool, is_reserved: bool = False) -> Why:
    """`is_named`: one certain bed is wanted, so that only it was weighed. `is_reserved`: one is, for later."""
    if is_reserved:
        return Why.RESERVATION
    if refusal is Unplaced.NOT_READY:
        return Why.NOT_READY
    if refusal not in (Unplaced.NO_BED, Unplaced.RULE_FAILED):
        return Why.PERSON
    if not weighed.free_beds:
        return Why.NAMED_BED_NOT_FREE if is_named else Why.NO_BED_FREE
    if not weighed.suitable_beds:
        return Why.NAMED_BED_UNSUITED if is_named else Why.NO_BED_SUITS
    by_itself = Why.TURN if weighed.to_offer else Why.OFFERED_BEFORE
    return by_itself if refusal is Unplaced.NO_BED else Why.PERSON


async def with_reasons(reader: Reader, queued: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows of the queue, each with what it waits for."""
    pack, free = await free_places(reader, {row["department_id"] for row in queued})
    weighed = cache(partial(weigh, pack, free=free))
    told = []
    for row in queued:
        bed_id = row["wanted_bed_id"]
        wanted = {"department_id": row["department_id"], "bed_id": bed_id, "had": tuple(row["had"] or ())}
        found = weighed(Needs.read(row["needs"]), **wanted)
        reason = why(
            Unplaced(row["refusal"]),
            found,
            is_named=bed_id is not None,
            is_reserved=row["reservation_id"] is not None,
        )
        told.append({**row, "why": reason, **found._asdict()})
    return told
