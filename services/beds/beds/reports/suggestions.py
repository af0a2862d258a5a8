"""The best beds for one patient, each with what every placement rule says of it: one statement, then pure rules.

Beds that are soon to be had (to be cleaned, being cleaned, to be inspected) stand behind those that are free. Nothing
is locked: a hold is judged again when it is taken.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.dialects.postgresql import UUID as Uuid, array

from beds.domain.bed import BedState
from beds.domain.placement import HERE, WAITING, NotWaiting, UnknownPlacement
from beds.domain.rules import Fit, Needs, Outcome, Rule, RulePack, Severity
from beds.models import bed, placement, transfer
from beds.records.free import is_unreserved
from beds.records.over import wanted_in
from beds.records.places import IS_FREE, Alike, looked_at, pack_at, read_pack, read_places
from common.db import Reader
from common.policies import within
from common.statements import Statement, constant


class RuleVerdict(BaseModel):
    rule: Rule
    severity: Severity
    outcome: Outcome
    penalty: int
    sentence: str


class Suggestion(BaseModel):
    """A bed that could be had, now or soon."""

    bed_id: UUID
    code: str
    department_id: UUID
    room_id: UUID | None
    state: BedState
    fit: Fit = Field(
        description="`suits`: to be had now; `against_rules`: now, by an override; `not_ready`: once it is clean; "
        "`unsuited`: not for this patient"
    )
    may_override: bool = Field(description="whether the caller may override the rules that it does not keep")
    penalty: int = Field(description="what the soft rules cost that it does not keep; the fewer the better")
    verdicts: list[RuleVerdict] = Field(description="every rule, the gravest first")


@dataclass(frozen=True)
class Sought:
    """A patient for whom a bed is sought, by itself in this department; and the beds that could be had."""

    department_id: UUID | None
    needs: Needs
    needs_there: Mapping[str, Needs]
    """By department, where a transfer says that the patient needs something else."""
    pack: RulePack
    alike: list[Alike]

    def best(self, limit: int, may_override: Callable[[UUID], bool]) -> Iterator[dict[str, Any]]:
        """The best beds. `may_override`: whether the caller may override rules in a department."""
        standings = [(self.pack.standing(alike.place, self._needed(alike)), alike) for alike in self.alike]
        beds = (
            (standing.order(), code, bed_id, standing, alike)
            for standing, alike in standings
            for code, bed_id in alike.beds
        )
        for _, code, bed_id, standing, alike in nsmallest(limit, beds, key=lambda one: one[:3]):
            yield {
                "bed_id": bed_id,
                "code": code,
                "department_id": alike.department_id,
                "room_id": alike.room_id,
                "state": alike.place.state,
                "fit": standing.fit,
                "may_override": standing.fit is Fit.AGAINST_RULES and may_override(UUID(alike.department_id)),
                "penalty": standing.penalty,
                "verdicts": self.pack.verdicts(alike.place, self._needed(alike)),
            }

    def _needed(self, alike: Alike) -> Needs:
        return self.needs_there.get(alike.department_id, self.needs)


_of_admission: sa.BindParameter[Any] = sa.bindparam("of_admission", type_=Uuid)
_waits = placement.c.state.in_([constant(state) for state in WAITING])
_sought_in = sa.func.coalesce(
    transfer.c.department_id, sa.case((_waits, wanted_in)), placement.c.department_id
)
_patient = (
    sa.select(
        *(placement.c[name] for name in ("admission_id", "state", "bed_id", "held_until", "needs")),
        *(placement.c.changed_at, placement.c.changed_by, _sought_in.label("department_id")),
        *(transfer.c.department_id.label("transfer_to"), transfer.c.needs.label("needs_there")),
    )
    .select_from(placement.outerjoin(transfer, transfer.c.id == placement.c.transfer_id))
    .where(placement.c.admission_id == _of_admission)
    .cte("patient")
)
_anywhere: sa.BindParameter[Any] = sa.bindparam("anywhere", type_=sa.Boolean)
_asked: sa.BindParameter[Any] = sa.bindparam("department_id", type_=Uuid)
_in_one = bed.c.department_id == sa.func.coalesce(
    _asked, sa.select(_patient.c.department_id).scalar_subquery()
)
_is_soon = bed.c.state.in_(
    [constant(state) for state in (BedState.DIRTY, BedState.CLEANING, BedState.INSPECT)]
)
SUGGESTED = Statement(
    sa.select(
        *_patient.c,
        pack_at(sa.func.statement_timestamp()),
        looked_at(
            sa.or_(_anywhere, _in_one),
            within(bed.c.department_id),
            sa.or_(IS_FREE, sa.and_(_is_soon, is_unreserved(sa.func.statement_timestamp()))),
            leaving=array([_of_admission]),
        ),
    )
)


async def seek_beds(
    reader: Reader,
    admission_id: UUID,
    department_id: UUID | None,
    departments: Collection[UUID] | None,
    *,
    anywhere: bool,
) -> Sought:
    """The beds of the named department, of the one where the patient is to be, or of `anywhere`.

    In any case of `departments` only (None: of all). Raises `UnknownPlacement`, and `NotWaiting` for a patient who has
    left or for whom nothing is wanted.
    """
    row = await reader.first(
        SUGGESTED,
        of_admission=admission_id,
        department_id=department_id,
        anywhere=anywhere,
        departments=None if departments is None else list(departments),
    )
    if row is None:
        raise UnknownPlacement
    if row["state"] not in (*WAITING, *HERE):
        raise NotWaiting(**{name: row[name] for name in _TOLD})
    there = {str(row["transfer_to"]): Needs.read(row["needs_there"])} if row["needs_there"] else {}
    pack, alike = read_pack(row["pack"]), read_places(row["places"])
    return Sought(row["department_id"], Needs.read(row["needs"]), there, pack, alike)


_TOLD = ("admission_id", "state", "bed_id", "held_until", "changed_at", "changed_by")
