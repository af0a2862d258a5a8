"""Leave and return: away for a while, and the bed stays the patient's own."""

import asyncio
from uuid import UUID, uuid4

import pytest

from beds.domain.bed import BedState
from tests.beds.ward import Ward, code_of


async def leave(ward: Ward, admission: UUID, word: str = "leave", **headers: str):
    return await ward.staff("charge_nurse").post(f"/v1/placements/{admission}/{word}", headers=headers)


async def test_a_patient_on_leave_keeps_the_bed_and_comes_back_to_it(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.in_bed(department)

    away = await leave(ward, admission)
    assert (away.status_code, away.json()["state"], away.json()["bed_id"]) == (200, "on_leave", str(bed))
    assert (await ward.bed(bed))["state"] == "occupied"
    back = await leave(ward, admission, "return")
    assert (back.status_code, back.json()["state"], back.json()["bed_id"]) == (200, "in_bed", str(bed))
    assert await ward.told(admission) == ["held", "arrived", "left_on_leave", "returned"]
    assert [m["kind"] for m in await ward.movements(admission)] == ["arrival", "leave", "return"]


async def test_leave_is_for_whoever_is_in_a_bed_and_return_for_whoever_is_on_leave(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission, waiting = await ward.in_bed(department), await ward.waits_for(department)

    assert code_of(await leave(ward, waiting)) == (409, "not_in_a_bed")
    assert code_of(await leave(ward, admission, "return")) == (409, "not_on_leave")
    await leave(ward, admission)
    assert code_of(await leave(ward, admission)) == (409, "not_in_a_bed")
    assert code_of(await leave(ward, uuid4())) == (404, "not_found")


async def test_nobody_is_moved_while_on_leave_but_may_leave_for_good(ward: Ward):
    department = await ward.a_department()
    bed, other = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    await leave(ward, admission)

    move = await ward.bed_manager.post(f"/v1/placements/{admission}/moves", json={"bed_id": str(other)})
    assert code_of(move) == (409, "not_in_a_bed")
    await ward.departs(admission)

    assert (await ward.placement(admission))["state"] == "left"
    assert (await ward.bed(bed))["state"] == "dirty"


async def test_nobody_else_gets_the_bed_meanwhile(ward: Ward):
    bed, waiting = await ward.a_bed(state=BedState.OCCUPIED), await ward.waits_elsewhere()
    await leave(ward, UUID((await ward.bed(bed))["admission_id"]))
    answer = await ward.bed_manager.post(f"/v1/placements/{waiting}/arrival", json={"bed_id": str(bed)})
    assert code_of(answer) == (409, "bed_taken")


@pytest.mark.parametrize("role", ["bed_manager", "physician"])
async def test_leave_is_recorded_by_the_nurses_of_the_department(ward: Ward, role: str):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    answer = await ward.staff(role).post(f"/v1/placements/{admission}/leave")
    assert code_of(answer) == (403, "forbidden")


async def test_what_was_seen_before_the_leave_is_not_acted_on(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    seen = (await ward.bed_manager.get(f"/v1/placements/{admission}")).headers["etag"]
    await leave(ward, admission)
    assert (await leave(ward, admission, "return", **{"if-match": seen})).status_code == 412


async def test_a_leave_and_a_departure_at_once(ward: Ward):
    """Somebody who has left for good does not go on leave; the other way round is no fault."""
    for _ in range(5):
        department = await ward.a_department()
        bed = await ward.a_bed(department)
        admission = await ward.in_bed(department)
        away, _ = await asyncio.gather(leave(ward, admission), ward.departs(admission))
        assert away.is_success or code_of(away) == (409, "not_in_a_bed")
        assert (await ward.placement(admission))["state"] == "left"
        assert (await ward.bed(bed))["state"] == "dirty"
