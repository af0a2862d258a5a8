"""From occupied to available without dirty in between: no SQL of the service's own role, and no route."""

from collections.abc import AsyncIterator
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from beds.domain.bed import TRANSITIONS, BedState
from tests.beds.ward import Ward

STATES = tuple(BedState)
#: What the constraints want beside the state, so that a step is refused for being that step and for nothing else.
FITTING = {
    BedState.HELD: "hold_id = gen_random_uuid(), held_until = now(), admission_id = gen_random_uuid()",
    BedState.OCCUPIED: "hold_id = NULL, held_until = NULL, admission_id = gen_random_uuid()",
}
NOBODY = "hold_id = NULL, held_until = NULL, admission_id = NULL"


@pytest.fixture
async def service(ward: Ward) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection of the service's login, without any code of ours; what it does is undone."""
    connection = await asyncpg.connect(ward.url)
    assert await connection.fetchval("SELECT current_user") == "beds"
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def put(service: Any, bed: UUID, state: BedState, more: str = "") -> None:
    fitting = FITTING.get(state, NOBODY)
    async with service.transaction():
        await service.execute(f"UPDATE bed SET state = '{state}', {fitting}{more} WHERE id = $1", bed)


async def state_of(service: Any, bed: UUID) -> str:
    state: str = await service.fetchval("SELECT state FROM bed WHERE id = $1", bed)
    return state


@pytest.mark.parametrize(("was", "becomes"), list(product(STATES, STATES)))
async def test_a_step_is_in_the_table_or_refused(ward: Ward, service: Any, was: BedState, becomes: BedState):
    bed = await ward.a_bed(state=BedState.DIRTY)
    await walk(service, bed, was)

    if was is becomes or (was, becomes) in TRANSITIONS:
        await put(service, bed, becomes)
        assert await state_of(service, bed) == becomes
    else:
        with pytest.raises(asyncpg.ForeignKeyViolationError, match="bed_step_allowed"):
            await put(service, bed, becomes)
        assert await state_of(service, bed) == was


async def walk(service: Any, bed: UUID, goal: BedState) -> None:
    """From dirty to any state, by allowed steps only."""
    ways: dict[BedState, list[BedState]] = {BedState.DIRTY: []}
    while goal not in ways:
        ways |= {
            there: [*way, there]
            for here, way in list(ways.items())
            for there in STATES
            if (here, there) in TRANSITIONS and there not in ways
        }
    for step in ways[goal]:
        await put(service, bed, step)


ATTEMPTS = {
    "the state alone": f"UPDATE bed SET state = 'available', {NOBODY} WHERE id = $1",
    "with a past of one's own": f"UPDATE bed SET state = 'available', came_from = 'dirty', {NOBODY} WHERE id = $1",
    "with no past": f"UPDATE bed SET state = 'available', came_from = NULL, {NOBODY} WHERE id = $1",
    "with a new name": f"UPDATE bed SET id = gen_random_uuid(), state = 'available', {NOBODY} WHERE id = $1",
    "under another name": "UPDATE bed SET id = gen_random_uuid() WHERE id = $1",
    "by upsert": """INSERT INTO bed SELECT (bed).* FROM (SELECT bed FROM bed WHERE id = $1)
        ON CONFLICT (id) DO UPDATE SET state = 'available', hold_id = NULL, held_until = NULL, admission_id = NULL""",
    "by merge": f"""MERGE INTO bed USING (SELECT $1::uuid AS id) AS this ON bed.id = this.id
        WHEN MATCHED THEN UPDATE SET state = 'available', {NOBODY}""",
    "in two names of one statement": f"""WITH first AS (UPDATE bed SET state = 'dirty', {NOBODY} WHERE id = $1)
        UPDATE bed SET state = 'available', {NOBODY} WHERE id = $1""",
    "by removing it": "DELETE FROM bed WHERE id = $1",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
async def test_an_occupied_bed_does_not_become_available(ward: Ward, service: Any, attempt: str):
    bed = await ward.a_bed(state=BedState.OCCUPIED)
    try:
        async with service.transaction():
            await service.execute(attempt, bed)
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.InsufficientPrivilegeError):
        pass
    assert await state_of(service, bed) in {"occupied", "dirty"}


async def test_an_occupied_and_an_available_bed_do_not_change_places(ward: Ward, service: Any):
    """Whoever could give a bed the id of another would have an available one with a patient in it."""
    occupied, available = await ward.a_bed(state=BedState.OCCUPIED), await ward.a_bed()
    for change in (
        f"UPDATE occupancy SET bed_id = '{available}' WHERE bed_id = '{occupied}'",
        f"UPDATE placement SET bed_id = '{available}' WHERE bed_id = '{occupied}'",
        f"UPDATE cleaning_job SET bed_id = '{available}' WHERE bed_id = '{occupied}'",
    ):
        await service.execute(change)  # nothing refers to the occupied one any more

    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with service.transaction():
            await service.execute(f"UPDATE bed SET id = gen_random_uuid() WHERE id = '{occupied}'")
    assert await state_of(service, occupied) == "occupied"


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO bed_transition VALUES ('occupied', 'available')",
        "UPDATE bed_transition SET becomes = 'available' WHERE was = 'occupied'",
        "DELETE FROM bed_transition",
        "TRUNCATE bed_transition",
        "DELETE FROM bed",
        "TRUNCATE bed CASCADE",
        "DELETE FROM occupancy",
        "DELETE FROM movement",
        "UPDATE movement SET kind = 'departure'",
        "ALTER TABLE bed DISABLE TRIGGER keep_bed_step",
        "ALTER TABLE bed DISABLE TRIGGER ALL",
        "ALTER TABLE bed DROP CONSTRAINT bed_step_allowed",
        "DROP TRIGGER keep_bed_step ON bed",
        "CREATE OR REPLACE FUNCTION keep_bed_step() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE RULE loophole AS ON UPDATE TO bed DO INSTEAD NOTHING",
        "CREATE TRIGGER zz BEFORE UPDATE ON bed EXECUTE FUNCTION keep_bed_step()",
        "SET session_replication_role = replica",
        "SET ROLE beds_owner",
        "SET ROLE postgres",
        "CREATE TABLE mine ()",
    ],
)
async def test_the_role_changes_no_rule(service: Any, change: str):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with service.transaction():
            await service.execute(change)


async def test_triggers_fire_in_a_replica_too(ward: Ward):
    """Even a superuser who silences ordinary triggers, as replication does, writes no past of his own."""
    bed = await ward.a_bed(state=BedState.OCCUPIED)
    async with ward.admin.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            f"UPDATE bed SET state = 'dirty', came_from = 'blocked', {NOBODY} WHERE id = $1", bed
        )
        assert await connection.fetchval("SELECT came_from FROM bed WHERE id = $1", bed) == "occupied"


@pytest.mark.parametrize("state", [state for state in STATES if state is not BedState.DIRTY])
async def test_a_new_bed_is_dirty_whoever_writes(ward: Ward, service: Any, state: BedState):
    department = await ward.a_department()
    values: dict[BedState, str] = {
        BedState.HELD: "gen_random_uuid(), now(), gen_random_uuid()",
        BedState.OCCUPIED: "NULL, NULL, gen_random_uuid()",
    }
    with pytest.raises(asyncpg.CheckViolationError, match="new_is_dirty"):
        async with service.transaction():
            await service.execute(
                "INSERT INTO bed (id, department_id, code, state, since, version, changed_at, changed_by, came_from,"
                " equipment, overridden, hold_id, held_until, admission_id)"
                " VALUES (gen_random_uuid(), $1, 'X', $2, now(), 1, now(), 'x',"
                f" 'dirty', '{{}}', '{{}}', {values.get(state, 'NULL, NULL, NULL')})",
                department,
                state,
            )


async def test_no_route_makes_an_occupied_bed_available(ward: Ward):
    """Every command on a bed and on its patient, by those who may do most."""
    department = await ward.a_department()
    bed, other = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    stranger = await ward.waits_elsewhere()
    job = (await ward.does("/v1/cleaning_jobs", bed_id=str(bed), type="spill")).json()["id"]
    admin, manager, cleaner = ward.staff("admin"), ward.bed_manager, ward.staff("housekeeping")

    async def tried(staff: Any, method: str, path: str, body: Any = None) -> None:
        await staff.request(method, path, json=body)
        assert (await ward.bed(bed))["state"] == "occupied", (method, path)

    for path, body in (
        ("holds", {"admission_id": str(stranger)}),
        ("holds", {"admission_id": str(admission)}),
        ("block", {"reason_code": "repair"}),
        ("unblock", None),
        ("ready_override", {"reason_code": "clean"}),
    ):
        await tried(manager, "POST", f"/v1/beds/{bed}/{path}", body)
    await tried(admin, "POST", f"/v1/beds/{bed}/close")
    await tried(admin, "POST", f"/v1/beds/{bed}/open")
    await tried(admin, "DELETE", f"/v1/beds/{bed}")
    await tried(admin, "PATCH", f"/v1/beds/{bed}", {"code": "other"})
    await tried(admin, "DELETE", f"/v1/departments/{department}")
    await tried(cleaner, "POST", f"/v1/cleaning_jobs/{job}/start")
    await tried(cleaner, "POST", f"/v1/cleaning_jobs/{job}/complete")
    await tried(manager, "POST", f"/v1/placements/{admission}/arrival", {})
    await tried(manager, "POST", f"/v1/placements/{stranger}/arrival", {"bed_id": str(bed)})

    await manager.post(f"/v1/placements/{admission}/moves", json={"bed_id": str(other)})
    assert (await ward.bed(bed))["state"] == "dirty"
    await ward.departs(admission)
    assert (await ward.bed(other))["state"] == "dirty"
