"""Which bed: chosen by the placement rules, and judged by them again inside the act that takes it."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from beds import records
from beds.domain.bed import Bed
from beds.domain.placement import Placement, Want
from beds.domain.rules import Needs, Place, Rule, RulePack
from beds.records import places
from beds.records.places import Alike
from beds.records.reservations import in_the_way
from common.db import UnitOfWork


def best_first(pack: RulePack, want: Want, free: Iterable[Alike]) -> list[UUID]:
    """The wanted beds that keep every hard and overridable rule, by their penalties."""
    suitable = [
        (pack.penalty(alike.place, want.needs), code, bed_id)
        for alike in free
        if alike.wanted(want.department_id, want.bed_id) and not pack.failed(alike.place, want.needs)
        for code, bed_id in alike.beds
    ]
    return [UUID(bed_id) for _, _, bed_id in sorted(suitable)]


async def lock_best_bed(
    act: UnitOfWork, want: Want, admission_id: UUID, at: datetime, *, passing_over: Collection[UUID] = ()
) -> Bed | None:
    """The best free bed that suits, locked with its room. None when none is free, or none suits.

    First one that nobody is busy with, and only then one that somebody may be about to give up or to take. Only one is
    judged under the locks: whoever comes second to a room waits, and is tried again.
    """
    pack, free = await _free(act, want, admission_id, at)
    suitable = [bed_id for bed_id in best_first(pack, want, free) if bed_id not in passing_over]
    for waiting, candidates in ((False, suitable), (True, sorted(suitable))):
        for bed_id in candidates:
            bed = await records.lock_free_bed(act, bed_id, at, waiting=waiting)
            if bed is not None:
                pack, place = await _place_of(act, bed, at, (admission_id,))
                reserved = await in_the_way(act, bed_id, at)  # since it was found to be free
                return None if reserved or pack.failed(place, want.needs) else bed
    return None


async def is_unsuited(act: UnitOfWork, want: Want, admission_id: UUID, at: datetime) -> bool:
    """Whether the one bed that is wanted is free, and a rule is against it."""
    if want.bed_id is None:
        return False
    pack, free = await _free(act, want, admission_id, at)
    return bool(free) and not best_first(pack, want, free)


async def _free(
    act: UnitOfWork, want: Want, admission_id: UUID, at: datetime
) -> tuple[RulePack, list[Alike]]:
    return await places.free_places(
        act, (want.department_id,), at=at, bed_id=want.bed_id, leaving=(admission_id,)
    )


async def still_suits(act: UnitOfWork, bed: Bed, want: Want, admission_id: UUID, at: datetime) -> bool:
    """Whether a held bed suits what is wanted now. A look without the room's lock: the arrival judges again."""
    pack, place = await places.place_of(act, bed.id, at, (admission_id,))
    return pack.failed(place.ready(), want.needs) <= set(bed.overridden)  # held for this very patient


async def suits_now(act: UnitOfWork, bed_id: UUID, needs: Needs, admission_id: UUID, at: datetime) -> bool:
    """Whether a bed that is reserved for this patient keeps every rule. A look, unless its room is locked."""
    pack, place = await places.place_of(act, bed_id, at, (admission_id,))
    return not pack.failed(place.ready(), needs)


async def judge_room(act: UnitOfWork, bed: Bed, needs: Needs, at: datetime) -> None:
    """Bed and room alone, as if nobody were in it and the bed were clean. Raises `PlacementRuleFailed`."""
    pack, place = await _bed_and_room(act, bed.id, at)
    pack.expect_suitable(place, needs)


async def can_ever_suit(act: UnitOfWork, bed_id: UUID, needs: Needs, at: datetime) -> bool:
    """Whether bed and room would suit if nobody were in it: what `judge_room` expects, of a bed that is not locked."""
    pack, place = await _bed_and_room(act, bed_id, at)
    return not pack.failed(place, needs)


async def _bed_and_room(act: UnitOfWork, bed_id: UUID, at: datetime) -> tuple[RulePack, Place]:
    pack, place = await places.place_of(act, bed_id, at, ())
    return pack, replace(place.ready(), neighbours=())


async def judge(
    act: UnitOfWork,
    bed: Bed,
    placement: Placement,
    at: datetime,
    *,
    overriding: bool = False,
    standing: Collection[str] = (),
    leaving: Collection[UUID] = (),
) -> frozenset[Rule]:
    """Locks the room, so that of two who come into it at once the second sees the first. Answers what is overridden.

    `standing` are rules that were overridden before and need not be kept, like those of the patient's own hold;
    `leaving` go out of the room in the same act. Raises `PlacementRuleFailed`.
    """
    pack, place = await _place_of(act, bed, at, (placement.admission_id, *leaving))
    own = bed.overridden if bed.settled(at).admission_id == placement.admission_id else ()
    return pack.expect_suitable(place, placement.needs, overridden=(*standing, *own), overriding=overriding)


async def _place_of(
    act: UnitOfWork, bed: Bed, at: datetime, leaving: Collection[UUID]
) -> tuple[RulePack, Place]:
    """Whether it is free and clean is for the bed itself to say."""
    if bed.room_id is not None:
        await records.rooms.lock(act, bed.room_id)
    pack, place = await places.place_of(act, bed.id, at, leaving)
    return pack, place.ready()
