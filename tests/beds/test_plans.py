"""What lies years behind a hospital slows neither boards nor reports: no plan reads a table of the past whole."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from beds.domain.bed import BedState
from beds.reports.asking import Report
from beds.reports.board import BOARD
from beds.reports.movements import MOVEMENTS
from beds.reports.occupancy import OCCUPANCY
from beds.reports.stays import STAYS, STAYS_BY_DEPARTMENT
from beds.reports.suggestions import SUGGESTED
from beds.reports.turnarounds import TURNAROUNDS, TURNAROUNDS_BY_DEPARTMENT
from beds.reports.waiting import ARRIVALS_EXPECTED, QUEUE, QUEUE_BY_DEPARTMENT
from common.ids import new_id
from common.paging import MAX_LIMIT, Page
from common.statements import Statement
from tests.beds.ward import Ward

OF_THE_PAST = ("placement", "movement", "bed_step", "cleaning_job", "occupancy")
YEARS = (
    """INSERT INTO placement (admission_id, patient_id, state, department_id, since, want_version, stay_number,
                              version, changed_at, changed_by)
       SELECT gen_random_uuid(), gen_random_uuid(), 'left', $1, now(), 1, 1, 3, now(), 'user/x'
       FROM generate_series(1, 20000)""",
    """INSERT INTO cleaning_job (id, bed_id, department_id, type, priority, state, requested_at, completed_at,
                                 cleaned_by, targets, missed, version, changed_at, changed_by)
       SELECT gen_random_uuid(), bed.id, $1, 'discharge', 'normal', 'completed', now(), now(),
              '{}', '{}', '{}', 3, now(), 'user/x'
       FROM bed, generate_series(1, 500) WHERE department_id = $1""",
    """INSERT INTO bed_step (bed_id, began_at, state)
       SELECT bed.id, now() - n * interval '8 hours',
              CASE n % 4 WHEN 0 THEN 'available' WHEN 1 THEN 'cleaning' WHEN 2 THEN 'dirty' ELSE 'occupied' END
       FROM bed, generate_series(1, 2000) AS n WHERE department_id = $1""",
    """INSERT INTO movement (id, admission_id, kind, from_bed_id, to_bed_id, moved_at, occurred_at, moved_by)
       SELECT gen_random_uuid(), admission_id, kind, CASE kind WHEN 'departure' THEN bed_id END,
              CASE kind WHEN 'arrival' THEN bed_id END, moved_at, moved_at, 'user/x'
       FROM (SELECT admission_id, row_number() OVER () AS n FROM placement WHERE department_id = $1) AS placement
       CROSS JOIN LATERAL (VALUES ('arrival', 2), ('departure', 1)) AS step (kind, earlier)
       CROSS JOIN LATERAL (SELECT now() - n * interval '30 min' - earlier * interval '1 day') AS moment (moved_at)
       JOIN LATERAL (SELECT id AS bed_id FROM bed WHERE department_id = $1 ORDER BY code OFFSET n % 40 LIMIT 1) AS bed
         ON true""",
    "ANALYZE",
)


@pytest.fixture(scope="module")
async def department(ward: Ward) -> UUID:
    """With forty beds and years behind it."""
    department = await ward.a_department()
    for _ in range(40):
        await ward.a_bed(department, BedState.DIRTY)
    for statement in YEARS:
        await ward.admin.execute(statement, *([department] if "$1" in statement else []))
    return department


class Planner:
    """In the place of a reader: tells how a statement would be carried out."""

    def __init__(self, ward: Ward) -> None:
        self._ward, self.plan = ward, ""

    async def all(self, statement: Statement, **values: Any) -> Sequence[Any]:
        rows = await self._ward.admin.fetch(f"EXPLAIN {statement.sql}", *statement.arguments(values))
        self.plan = "\n".join(row["QUERY PLAN"] for row in rows)
        return []

    def read_whole(self) -> list[str]:
        """The tables of the past that are."""
        lines = self.plan.splitlines()
        return [table for table in OF_THE_PAST for line in lines if f"Seq Scan on {table} " in line]


async def test_a_board(ward: Ward, department: UUID):
    planner = Planner(ward)
    await planner.all(BOARD, of_department=department)
    assert planner.read_whole() == [], planner.plan


async def test_the_best_beds(ward: Ward, department: UUID):
    planner = Planner(ward)
    everywhere = {"department_id": None, "anywhere": True, "departments": None}
    await planner.all(SUGGESTED, of_admission=new_id(), **everywhere)
    assert planner.read_whole() == [], planner.plan


@pytest.mark.parametrize(
    "report",
    [OCCUPANCY, STAYS, STAYS_BY_DEPARTMENT, TURNAROUNDS, TURNAROUNDS_BY_DEPARTMENT],
    ids=lambda report: report.name,
)
async def test_a_report_of_a_day(ward: Ward, department: UUID, report: Report):
    planner, now = Planner(ward), await ward.now()
    day = {"since": now - timedelta(days=1), "until": now}
    await report.listing.read(planner, Page(MAX_LIMIT), department_id=department, **day)
    assert planner.read_whole() == [], planner.plan


@pytest.mark.parametrize("of", ["patient_id", "bed_id"])
async def test_the_movements_of_one(ward: Ward, department: UUID, of: str):
    nothing = dict.fromkeys(("patient_id", "bed_id", "department_id", "since", "until"))
    planner = Planner(ward)
    await MOVEMENTS.listing.read(planner, Page(MAX_LIMIT), **nothing | {of: new_id()})
    assert planner.read_whole() == [], planner.plan


@pytest.mark.parametrize(
    "report", [QUEUE, QUEUE_BY_DEPARTMENT, ARRIVALS_EXPECTED], ids=lambda report: report.name
)
async def test_who_is_still_to_come(ward: Ward, department: UUID, report: Report):
    planner = Planner(ward)
    await report.listing.read(planner, Page(MAX_LIMIT), department_id=None)
    assert planner.read_whole() == [], planner.plan
