"""Occupancy: the hours of beds in their states, of any period, and the rate that follows."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from beds.domain.bed import BedState
from tests.beds.ward import Ward

NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
DAY = {"from": "2026-03-01T12:00:00Z", "to": "2026-03-02T12:00:00Z"}


async def was(ward: Ward, bed: UUID, **hours: float) -> None:
    """What a bed was in, so many hours each, one after the other from noon on; the last state goes on."""
    await ward.admin.execute("DELETE FROM bed_step WHERE bed_id = $1", bed)
    moment = NOON
    for state, lasting in hours.items():
        await ward.admin.execute(
            "INSERT INTO bed_step (bed_id, began_at, state) VALUES ($1, $2, $3)", bed, moment, state
        )
        moment += timedelta(hours=lasting)


async def test_occupied_hours_are_divided_by_the_hours_in_which_a_bed_could_be_used(ward: Ward):
    department = await ward.a_department()
    await was(ward, await ward.a_bed(department), available=6, held=2, occupied=9, dirty=1, cleaning=6)
    await was(ward, await ward.a_bed(department), blocked=12, dirty=3, occupied=100)
    await was(ward, await ward.a_bed(department), closed=100)
    (figures,) = await ward.report("occupancy", department_id=department, **DAY)
    assert (figures["occupied_bed_hours"], figures["available_bed_hours"]) == (18, 36)
    assert figures["occupancy_rate"] == 0.5
    assert (figures["blocked_bed_hours"], figures["closed_bed_hours"]) == (12, 24)
    assert (figures["available_beds"], figures["occupied_beds"]) == (1.5, 0.75)
    assert (figures["period_start"], figures["period_end"]) == (DAY["from"], DAY["to"])


async def test_the_hours_of_any_period_are_those_that_a_calendar_would_count(ward: Ward):
    chance = random.Random(7)
    department, spells = await ward.a_department(), []
    for _ in range(8):
        lasting = [(chance.choice(list(BedState)), chance.randint(1, 90) / 10) for _ in range(12)]
        moment, bed = NOON + timedelta(hours=chance.randint(0, 20)), await ward.a_bed(department)
        await ward.admin.execute("DELETE FROM bed_step WHERE bed_id = $1", bed)
        for n, (state, hours) in enumerate(lasting):
            ends = (
                moment + timedelta(hours=hours) if n < len(lasting) - 1 else datetime.max.replace(tzinfo=UTC)
            )
            await ward.admin.execute("INSERT INTO bed_step VALUES ($1, $2, $3)", bed, moment, state)
            spells.append((state, moment, ends))
            moment = ends
    for _ in range(25):
        start = NOON + timedelta(hours=chance.randint(-10, 60))
        end = start + timedelta(hours=chance.randint(1, 60))

        def counted(*states: BedState, start: datetime = start, end: datetime = end) -> object:
            within = (
                max(0.0, (min(ends, end) - max(began, start)).total_seconds())
                for state, began, ends in spells
                if state in states
            )
            return pytest.approx(sum(within) / 3600, abs=0.01)

        (figures,) = await ward.report(
            "occupancy", department_id=department, **{"from": start.isoformat(), "to": end.isoformat()}
        )
        assert figures["occupied_bed_hours"] == counted(BedState.OCCUPIED)
        assert figures["blocked_bed_hours"] == counted(BedState.BLOCKED)
        assert figures["closed_bed_hours"] == counted(BedState.CLOSED)
        out_of_use = (BedState.BLOCKED, BedState.CLOSED)
        assert figures["available_bed_hours"] == counted(*(one for one in BedState if one not in out_of_use))


async def test_what_began_before_the_period_counts_from_its_start(ward: Ward):
    department = await ward.a_department()
    await was(ward, await ward.a_bed(department), available=3, occupied=6, dirty=1)
    night = {"from": "2026-03-01T18:00:00Z", "to": "2026-03-01T22:00:00Z"}
    (figures,) = await ward.report("occupancy", department_id=department, **night)
    assert (figures["occupied_bed_hours"], figures["available_bed_hours"]) == (3, 4)


async def test_a_bed_that_was_not_there_yet_has_no_hours(ward: Ward):
    department = await ward.a_department()
    await was(ward, await ward.a_bed(department), occupied=1)
    before = {"from": "2026-02-27T12:00:00Z", "to": "2026-02-28T12:00:00Z"}
    (figures,) = await ward.report("occupancy", department_id=department, **before)
    assert (figures["available_bed_hours"], figures["occupancy_rate"]) == (0, None)


async def test_a_period_ends_now_at_the_latest_and_begins_a_day_before_its_end(ward: Ward):
    department = await ward.a_department()
    await was(ward, await ward.a_bed(department), occupied=1)
    before = await ward.now()
    (figures,) = await ward.report("occupancy", department_id=department, to="2199-01-01T00:00:00Z")
    assert before <= datetime.fromisoformat(figures["period_end"]) <= await ward.now()
    assert (figures["available_bed_hours"], figures["occupancy_rate"]) == (24, 1)
    (figures,) = await ward.report("occupancy", department_id=department, **{"from": "2199-01-01T00:00:00Z"})
    assert (figures["available_bed_hours"], figures["occupancy_rate"]) == (0, None)


async def test_the_steps_of_the_beds_are_the_stays_in_them(ward: Ward):
    department = await ward.a_department()
    bed, other = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    await ward.moves(admission, other)
    await ward.departs(admission)
    await ward.in_bed(department, await ward.a_bed(department))
    steps = """
      SELECT bed_id, began_at, ended_at FROM (
        SELECT *, lead(began_at) OVER (PARTITION BY bed_id ORDER BY began_at) AS ended_at FROM bed_step) AS step
      WHERE state = 'occupied' AND bed_id = ANY ($1) ORDER BY began_at"""
    stays = """
      SELECT bed_id, lower(period) AS began_at, upper(period) AS ended_at FROM occupancy
      WHERE kind = 'stay' AND bed_id = ANY ($1) ORDER BY 2"""
    beds = [
        row["id"] for row in await ward.admin.fetch("SELECT id FROM bed WHERE department_id = $1", department)
    ]
    kept = await ward.admin.fetch(steps, beds)
    assert len(kept) == 3
    assert [tuple(row) for row in kept] == [tuple(row) for row in await ward.admin.fetch(stays, beds)]


async def test_the_service_can_not_rewrite_what_its_beds_were(ward: Ward):
    bed = await ward.a_bed()
    for statement in (
        "UPDATE bed_step SET state = 'available' WHERE bed_id = $1",
        "DELETE FROM bed_step WHERE bed_id = $1",
        "INSERT INTO bed_step (bed_id, began_at, state) VALUES ($1, now(), 'available')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ward.database.pool.execute(statement, bed)
