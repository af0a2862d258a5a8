"""What makes sense and cannot be as things are: refused with the state, and nothing is changed."""

import asyncio
from collections.abc import Mapping

import asyncpg
import pytest

from tests.bad_requests.answers import faults
from tests.support.hospital import Hospital
from tests.support.person import Person
from tests.support.stored import rows_of
from tests.support.things import filled

REASON = {"reason_code": "test"}
#: In a department with one bed: `{bed_id}` is occupied, `{admission_id}` waits in the queue, `{job_id}` is requested.
CANNOT_BE = {
    "hold an occupied bed": ("/v1/beds/{bed_id}/holds", {"admission_id": "{admission_id}"}, "bed_taken"),
    "block an occupied bed": ("/v1/beds/{bed_id}/block", REASON, "bed_occupied"),
    "unblock what is not blocked": ("/v1/beds/{bed_id}/unblock", None, "wrong_state"),
    "close an occupied bed": ("/v1/beds/{bed_id}/close", None, "bed_occupied"),
    "open what is not closed": ("/v1/beds/{bed_id}/open", None, "wrong_state"),
    "declare an occupied bed ready": ("/v1/beds/{bed_id}/ready_override", REASON, "bed_not_dirty"),
    "arrive in an occupied bed": ("/v1/placements/{admission_id}/arrival", {"bed_id": "{bed_id}"}, "bed_taken"),
    "leave without having arrived": ("/v1/placements/{admission_id}/departure", REASON, "not_in_a_bed"),
    "move without having arrived": ("/v1/placements/{admission_id}/moves", {"bed_id": "{bed_id}"}, "not_in_a_bed"),
    "suspend what is not started": ("/v1/cleaning_jobs/{job_id}/suspend", None, "wrong_state"),
    "resume what is not suspended": ("/v1/cleaning_jobs/{job_id}/resume", None, "wrong_state"),
    "complete what is not started": ("/v1/cleaning_jobs/{job_id}/complete", None, "wrong_state"),
    "inspect a spill": ("/v1/cleaning_jobs/{job_id}/inspect", {"passed": True}, "wrong_state"),
    "clean twice": ("/v1/cleaning_jobs", {"bed_id": "{bed_id}", "type": "spill"}, "already_requested"),
    "discharge who has not arrived": (
        "/v1/admissions/{admission_id}/discharge_confirmation",
        {"disposition": "home"},
        "not_admitted",
    ),
    "admit who is admitted": (
        "/v1/admissions",
        {"patient_id": "{patient_id}", "department_id": "{department_id}"},
        "patient_already_admitted",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CANNOT_BE)
async def test_what_cannot_be_now_is_refused_with_the_state(
    hospital: Hospital, anybody: Person, things: Mapping[str, str], what: str
):
    path, body, code = CANNOT_BE[what]
    before = await rows_of(hospital, ("beds", "admissions"))
    answer = await anybody.ask("POST", path.format(**things), filled(body, things))
    assert list(faults(answer, {409})) == []
    assert answer.json()["code"] == code
    assert await rows_of(hospital, ("beds", "admissions")) == before


async def test_nobody_arrives_when_the_hold_is_over(hospital: Hospital, anybody: Person):
    ward = await hospital.a_department()
    admission = await hospital.an_admission(ward)
    await _the_clock_reaches_the_end(hospital, admission["id"])
    answer = await anybody.ask("POST", f"/v1/placements/{admission['id']}/arrival", {})
    assert list(faults(answer, {409})) == []
    assert answer.json()["code"] == "hold_expired"


async def test_an_if_match_from_before_is_refused(hospital: Hospital, anybody: Person):
    ward = await hospital.a_department()
    path = f"/v1/beds/{ward.beds[0]}"
    tag = (await anybody.ask("GET", path)).headers["etag"]
    await hospital.admin.do(path, {"code": "B9"}, method="PATCH")
    answer = await anybody.ask("POST", f"{path}/block", REASON, headers={"if-match": tag})
    assert list(faults(answer, {412})) == []


async def test_a_key_used_for_something_else_is_refused(hospital: Hospital, anybody: Person):
    wards = await asyncio.gather(hospital.a_department(), hospital.a_department())
    answers = [
        await anybody.ask("POST", f"/v1/beds/{ward.beds[0]}/block", REASON, key="one-and-the-same")
        for ward in wards
    ]
    assert answers[0].status_code == 200
    assert list(faults(answers[1], {422})) == []
    assert answers[1].json()["code"] == "idempotency_key_reused"


async def _the_clock_reaches_the_end(hospital: Hospital, admission: str) -> None:
    """The end of the hold is moved to this moment."""
    connection = await asyncpg.connect(hospital.stack.infrastructure.postgres.url("beds"))
    try:
        async with connection.transaction():
            end = await connection.fetchval("SELECT clock_timestamp()")
            for change in (
                "UPDATE bed SET held_until = $2 WHERE admission_id = $1::uuid",
                "UPDATE placement SET held_until = $2 WHERE admission_id = $1::uuid",
                "UPDATE occupancy SET period = tstzrange(lower(period), $2) WHERE admission_id = $1::uuid",
            ):
                await connection.execute(change, admission, end)
    finally:
        await connection.close()
