"""Beds as the placement rules see them: with their room and those who are in it. And the rules that are in force."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid, distinct_on

from beds.domain.bed import BedState
from beds.domain.layout import AgeBand, LevelOfCare, RoomFacts, SexPolicy
from beds.domain.placement import Want
from beds.domain.rules import Needs, PackedRule, Place, Rule, RulePack, Severity
from beds.models import bed, placement, placement_rule, room
from beds.records.free import is_free, state_at
from common.db import Reader
from common.statements import Statement, constant

_clock = sa.func.clock_timestamp()
_mate, _person = bed.alias("mate"), placement.alias("person")
_leaving: sa.BindParameter[Any] = sa.bindparam("leaving", type_=ARRAY(Uuid))
_is_here = sa.and_(
    sa.or_(
        _mate.c.state == constant(BedState.OCCUPIED),
        sa.and_(_mate.c.state == constant(BedState.HELD), _mate.c.held_until > _clock),
    ),
    _mate.c.admission_id != sa.all_(_leaving),
)
_mates = (
    sa.select(
        sa.func.count().filter(_mate.c.state != constant(BedState.CLOSED)).label("open_beds"),
        sa.func.jsonb_agg(_person.c.needs).filter(_is_here).label("neighbours"),
    )
    .select_from(_mate.outerjoin(_person, _person.c.admission_id == _mate.c.admission_id))
    .where(_mate.c.room_id == bed.c.room_id)
    .lateral("mates")
)
IS_FREE = is_free(_clock)
_FACTS = (
    room.c.sex_policy,
    room.c.negative_pressure,
    room.c.age_band,
    room.c.level_of_care,
    room.c.specialty,
)
PLACES = sa.select(
    bed.c.id,
    bed.c.code,
    bed.c.room_id,
    bed.c.equipment,
    state_at(_clock).label("state"),
    *_FACTS,
    _mates.c.open_beds,
    _mates.c.neighbours,
).select_from(bed.outerjoin(room, room.c.id == bed.c.room_id).join(_mates, sa.true()))
"""Beds with what the rules go by. `leaving` are those who do not count as being in a room."""


class FreePlace(NamedTuple):
    """A free bed of a department, for the rules to judge."""

    bed_id: UUID
    code: str
    place: Place


def read_place(row: Any) -> Place:
    facts = RoomFacts()
    if row["room_id"] is not None:
        facts = RoomFacts(
            sex_policy=SexPolicy(row["sex_policy"]),
            negative_pressure=row["negative_pressure"],
            age_band=AgeBand(row["age_band"]),
            level_of_care=LevelOfCare(row["level_of_care"]),
            specialty=row["specialty"],
        )
    return Place(
        state=BedState(row["state"]),
        equipment=frozenset(row["equipment"]),
        room=facts,
        single=row["open_beds"] == 1,
        neighbours=tuple(None if said is None else Needs.read(said) for said in row["neighbours"] or ()),
    )


_PLACE = Statement(PLACES.where(bed.c.id == sa.bindparam("of_bed")))


async def place_of(act: Reader, bed_id: UUID, leaving: Collection[UUID]) -> Place:
    """As it is now, for a patient who goes into it while `leaving` go out of the room."""
    row = await act.first(_PLACE, of_bed=bed_id, leaving=list(leaving))
    assert row is not None
    return read_place(row)


_wanted_bed: sa.BindParameter[Any] = sa.bindparam("wanted_bed", type_=Uuid)
_FREE_PLACES = Statement(
    PLACES.where(
        bed.c.department_id == sa.bindparam("of_department"),
        sa.or_(_wanted_bed.is_(None), bed.c.id == _wanted_bed),
        IS_FREE,
    ).order_by(bed.c.code, bed.c.id)
)


async def free_places(act: Reader, want: Want, leaving: Collection[UUID] = ()) -> list[FreePlace]:
    """The free beds that are wanted, whether or not they suit."""
    rows = await act.all(
        _FREE_PLACES, of_department=want.department_id, wanted_bed=want.bed_id, leaving=list(leaving)
    )
    return [FreePlace(row["id"], row["code"], read_place(row)) for row in rows]


_PACK = Statement(
    sa.select(placement_rule.c.rule, placement_rule.c.severity, placement_rule.c.penalty)
    .ext(distinct_on(placement_rule.c.rule))
    .where(placement_rule.c.effective_from <= sa.bindparam("at"))
    .order_by(placement_rule.c.rule, placement_rule.c.effective_from.desc())
)


async def pack_at(act: Reader, at: datetime) -> RulePack:
    """The placement rules that are in force at this moment."""
    rows = await act.all(_PACK, at=at)
    return RulePack(PackedRule(Rule(row["rule"]), Severity(row["severity"]), row["penalty"]) for row in rows)
