"""What the users of the templates ask, each answered by a test of that name (domain §1)."""

import asyncio
from collections.abc import Awaitable
from uuid import UUID, uuid4

import asyncpg
import pytest
from httpx2 import Response

from tests.support.hospital import Department, Hospital
from tests.support.person import Json
from tests.support.waiting import eventually


async def test_how_is_a_bed_kept_from_being_double_booked(hospital: Hospital):
    elsewhere, ward = await hospital.a_department(beds=0), await hospital.a_department(beds=1)
    bed = ward.beds[0]
    first, second = [(await hospital.an_admission(elsewhere))["id"] for _ in range(2)]
    ann, bea = await hospital.staff("charge_nurse"), await hospital.staff("charge_nurse")

    # Two people click at the same moment: one gets it, the other is told who has it.
    answers = await asyncio.gather(
        ann.ask("POST", f"/v1/beds/{bed}/holds", {"admission_id": first}),
        bea.ask("POST", f"/v1/beds/{bed}/holds", {"admission_id": second}),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    lucky, unlucky = (first, second) if answers[0].is_success else (second, first)
    refusal = next(answer.json() for answer in answers if not answer.is_success)
    assert (refusal["code"], refusal["state"]) == ("bed_taken", "held")
    assert refusal["changed_by"] in {f"user/{ann.user_id}", f"user/{bea.user_id}"}

    # Going to the bedside does not help, before or after the other has arrived.
    assert await _code(bea.ask("POST", f"/v1/placements/{unlucky}/arrival", {"bed_id": str(bed)})) == (
        "held_for_another"
    )
    await ann.do(f"/v1/placements/{lucky}/arrival")
    assert (
        await _code(bea.ask("POST", f"/v1/placements/{unlucky}/arrival", {"bed_id": str(bed)})) == "bed_taken"
    )

    # Nor does a mistake of ours: the database itself refuses a second stay in the bed, whoever writes.
    connection = await asyncpg.connect(hospital.stack.database_url("BEDS_DATABASE_URL"))
    stay = """INSERT INTO occupancy (id, kind, bed_id, admission_id, patient_id, period)
              VALUES ($1, 'stay', $2, $3, $4, tstzrange(clock_timestamp(), NULL))"""
    with pytest.raises(asyncpg.ExclusionViolationError, match="occupancy_one_per_bed"):
        await connection.execute(stay, uuid4(), bed, UUID(unlucky), uuid4())
    await connection.close()


async def test_how_does_an_audit_entry_come_to_be(hospital: Hospital):
    ward = await hospital.a_department(beds=1)
    bed = ward.beds[0]
    nurse, auditor = await hospital.staff("charge_nurse", [ward]), await hospital.staff("auditor")

    # Somebody does something; the change and its event are one transaction of the service that owns the bed.
    asked = await nurse.ask("POST", f"/v1/beds/{bed}/block", {"reason_code": "leaking_roof"})
    assert asked.is_success

    # The event goes through Kafka into the log: who, what, when, which request, and the new state.
    async def entered() -> Json | None:
        found = await auditor.list("/v1/audit/entries", entity=f"bed/{bed}", action="blocked")
        return found[0] if found else None

    entry = await eventually(entered)
    assert entry["actor"] == f"user/{nurse.user_id}"
    assert entry["correlation_id"] == asked.headers["x-request-id"]
    assert (entry["event_type"], entry["outcome"]) == ("hospital.beds.bed.blocked.v1", "success")
    assert entry["metadata"]["block_reason_code"] == "leaking_roof"
    assert "blocked" in entry["summary"]

    # Reading it is an entry itself.
    async def read_by_the_auditor() -> bool:
        return bool(await auditor.list("/v1/audit/entries", actor=f"user/{auditor.user_id}", action="search"))

    await eventually(read_by_the_auditor)

    # And it stays: not even the service that writes the log may change or delete what stands in it.
    connection = await asyncpg.connect(hospital.stack.database_url("AUDIT_DATABASE_URL"))
    for attempt in ("UPDATE entry SET actor = 'nobody'", "DELETE FROM entry"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(attempt)
    await connection.close()


async def _code(asking: Awaitable[Response]) -> str:
    """Why it was refused."""
    return str((await asking).json()["code"])


async def test_how_does_a_patient_move_between_departments(hospital: Hospital):
    here, there = await hospital.a_department(beds=1), await hospital.a_department(beds=1)
    nurse, charge_nurse = await hospital.staff("nurse", [here]), await hospital.staff("charge_nurse", [there])
    admission = (await hospital.an_admission(here))["id"]
    await nurse.do(f"/v1/placements/{admission}/arrival")

    # A move stays within a department: for another one, its people are asked first.
    move = hospital.bed_manager.ask(
        "POST", f"/v1/placements/{admission}/moves", {"bed_id": str(there.beds[0])}
    )
    assert await _code(move) == "transfer_needed"
    wanted = {"department_id": str(there.id)}
    transfer = await nurse.do(f"/v1/placements/{admission}/transfers", wanted)

    # They accept with a bed, which is held; the patient keeps his until he is in it, so he cannot be lost.
    accepted = await charge_nurse.do(f"/v1/transfers/{transfer['id']}/accept", {"bed_id": str(there.beds[0])})
    assert (accepted["state"], accepted["bed_id"]) == ("accepted", str(there.beds[0]))
    assert await _states(hospital, here, there) == ["occupied", "held"]

    # Then he goes: one transaction ends the one stay, begins the other and completes the transfer.
    moved = await hospital.bed_manager.do(f"/v1/placements/{admission}/moves", {"bed_id": str(there.beds[0])})
    assert (moved["state"], moved["department_id"]) == ("in_bed", str(there.id))
    assert await _states(hospital, here, there) == ["dirty", "occupied"]
    assert (await charge_nurse.read(f"/v1/transfers/{transfer['id']}"))["state"] == "completed"

    # The admission follows, and whoever reads the seeds' word sees it.
    async def followed() -> bool:
        shown = await charge_nurse.ask("GET", f"/v1/admissions/{admission}")
        return shown.is_success and shown.json()["status"] == "transferred"

    await eventually(followed)


async def _states(hospital: Hospital, *wards: Department) -> list[str]:
    beds = [await hospital.bed_manager.read(f"/v1/beds/{ward.beds[0]}") for ward in wards]
    return [bed["state"] for bed in beds]
