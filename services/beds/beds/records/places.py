"""Beds as the placement rules see them: with their room and those who are in it, and with the rules that are in force.

Beds of one room that have the same equipment and are in the same state are alike to every rule: they are read and
judged once. PostgreSQL writes what is found as JSON, in one round trip with the rules.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid, aggregate_order_by, distinct_on

from beds.domain.bed import BedState
from beds.domain.layout import AgeBand, LevelOfCare, RoomFacts, SexPolicy
from beds.domain.rules import Needs, PackedRule, Place, Rule, RulePack, Severity
from beds.models import bed, placement, placement_rule, room
from beds.records.free import IS_NO_COT, is_free, state_at
from common.columns import Moment
from common.db import Reader
from common.statements import Statement, constant

Column = sa.ColumnElement[Any]
_now = sa.func.statement_timestamp()
IS_FREE = is_free(_now)
_state = state_at(_now).label("state")
_is_cot = sa.not_(IS_NO_COT).label("is_cot")
_same = (bed.c.department_id, bed.c.room_id, bed.c.equipment, _state, _is_cot)
_named = sa.func.json_build_array(bed.c.code, bed.c.id)
_beds = sa.func.json_agg(aggregate_order_by(_named, bed.c.code, bed.c.id)).label("beds")
_mate, _person = bed.alias("mate"), placement.alias("person")
_is_here = sa.or_(
    _mate.c.state == constant(BedState.OCCUPIED),
    sa.and_(_mate.c.state == constant(BedState.HELD), _mate.c.held_until > _now),
)


class Alike(NamedTuple):
    """Beds that are the same to every rule: code and id of each, by code."""

    department_id: str
    room_id: str | None
    place: Place
    beds: list[tuple[str, str]]

    def wanted(self, department_id: UUID, bed_id: UUID | None, passing_over: Collection[UUID] = ()) -> int:
        """How many of them are wanted by who wants a bed of this department, or one certain bed of it.

        A cot is wanted by nobody who does not name it: beds does not know whose child it is.
        """
        if self.department_id != str(department_id) or (bed_id is None and self.place.is_cot):
            return 0
        if bed_id is None and not passing_over:
            return len(self.beds)
        named, passed = str(bed_id), set(map(str, passing_over))
        return sum(one not in passed and (bed_id is None or one == named) for _, one in self.beds)


def looked_at(*which: "sa.ColumnElement[bool]", leaving: Column) -> Column:
    """These beds as the rules see them, as JSON. `leaving` (an array) do not count as being in a room."""
    alike = sa.select(*_same, _beds).where(*which).group_by(*_same).cte("alike")
    mates = (
        sa.select(
            _mate.c.room_id,
            sa.func.count()
            .filter(_mate.c.state != constant(BedState.CLOSED), _mate.c.cot_of_bed_id.is_(None))
            .label("open_beds"),
            sa.func.json_agg(_person.c.needs)
            .filter(_is_here, _mate.c.admission_id != sa.all_(leaving))
            .label("neighbours"),
        )
        .select_from(_mate.outerjoin(_person, _person.c.admission_id == _mate.c.admission_id))
        .where(_mate.c.room_id.in_(sa.select(alike.c.room_id)))
        .group_by(_mate.c.room_id)
        .subquery("mates")
    )
    facts = (room.c.sex_policy, room.c.negative_pressure, room.c.age_band, room.c.level_of_care)
    found = (
        sa.select(*alike.c, *facts, room.c.specialty, mates.c.open_beds, mates.c.neighbours)
        .select_from(
            alike.outerjoin(room, room.c.id == alike.c.room_id).outerjoin(
                mates, mates.c.room_id == alike.c.room_id
            )
        )
        .subquery("found")
    )
    written = sa.select(sa.func.json_agg(found.table_valued())).scalar_subquery()
    return sa.cast(written, sa.Text).label("places")


def read_places(written: str | None) -> list[Alike]:
    """What `looked_at` has written."""
    rows = orjson.loads(written) if written else ()
    return [Alike(row["department_id"], row["room_id"], _place(row), row["beds"]) for row in rows]


def _place(row: Mapping[str, Any]) -> Place:
    return Place(
        state=_STATES[row["state"]],
        equipment=frozenset(row["equipment"]),
        room=RoomFacts() if row["room_id"] is None else _facts(*(row[name] for name in _FACTS)),
        single=row["open_beds"] == 1,
        neighbours=tuple(None if said is None else Needs.read(said) for said in row["neighbours"] or ()),
        is_cot=row["is_cot"],
    )


_STATES = {state.value: state for state in BedState}
_FACTS = ("sex_policy", "negative_pressure", "age_band", "level_of_care", "specialty")


@lru_cache
def _facts(
    sex_policy: str, negative_pressure: bool, age_band: str, level_of_care: str, specialty: str | None
) -> RoomFacts:
    """The same few again and again."""
    return RoomFacts(
        sex_policy=SexPolicy(sex_policy),
        negative_pressure=negative_pressure,
        age_band=AgeBand(age_band),
        level_of_care=LevelOfCare(level_of_care),
        specialty=specialty,
    )


def pack_at(at: Column) -> Column:
    """The placement rules that are in force at this moment, as JSON."""
    rule = placement_rule.c
    in_force = (
        sa.select(rule.rule, rule.severity, rule.penalty)
        .ext(distinct_on(rule.rule))
        .where(rule.effective_from <= at)
        .order_by(rule.rule, rule.effective_from.desc())
        .subquery("in_force")
    )
    together = sa.func.json_agg(aggregate_order_by(sa.func.json_build_array(*in_force.c), in_force.c.rule))
    return sa.cast(sa.select(together).scalar_subquery(), sa.Text).label("pack")


@lru_cache(maxsize=4)
def read_pack(written: str | None) -> RulePack:
    """What `pack_at` has written: mostly what it wrote the last time. A rule of a later release is not judged yet."""
    rows = orjson.loads(written) if written else ()
    return RulePack(
        PackedRule(Rule(rule), Severity(severity), penalty)
        for rule, severity, penalty in rows
        if rule in set(Rule)
    )


_at = sa.func.coalesce(sa.bindparam("at", type_=Moment), _now)
_leaving: sa.BindParameter[Any] = sa.bindparam("leaving", type_=ARRAY(Uuid))
_departments: sa.BindParameter[Any] = sa.bindparam("of_departments", type_=ARRAY(Uuid))
_wanted_bed: sa.BindParameter[Any] = sa.bindparam("wanted_bed", type_=Uuid)
_PLACE = Statement(sa.select(pack_at(_at), looked_at(bed.c.id == sa.bindparam("of_bed"), leaving=_leaving)))
_FREE = Statement(
    sa.select(
        pack_at(_at),
        looked_at(
            bed.c.department_id == sa.any_(_departments),
            sa.or_(_wanted_bed.is_(None), bed.c.id == _wanted_bed),
            IS_FREE,
            leaving=_leaving,
        ),
    )
)


async def place_of(
    act: Reader, bed_id: UUID, at: datetime, leaving: Collection[UUID]
) -> tuple[RulePack, Place]:
    """As it is now, for a patient who goes into it while `leaving` go out of the room; and the rules of this moment."""
    row = await act.first(_PLACE, of_bed=bed_id, at=at, leaving=list(leaving))
    assert row is not None
    (alike,) = read_places(row["places"])
    return read_pack(row["pack"]), alike.place


async def free_places(
    act: Reader,
    departments: Collection[UUID],
    *,
    at: datetime | None = None,
    bed_id: UUID | None = None,
    leaving: Collection[UUID] = (),
) -> tuple[RulePack, list[Alike]]:
    """The free beds of these departments, or the one that is named, suiting or not; and the rules of `at` (or now)."""
    row = await act.first(
        _FREE, of_departments=list(departments), wanted_bed=bed_id, at=at, leaving=list(leaving)
    )
    assert row is not None
    return read_pack(row["pack"]), read_places(row["places"])
