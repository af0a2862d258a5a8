"""A transfer that beds completes is what admissions shows, and to whom it shows it."""

from tests.support.hospital import Hospital
from tests.support.person import Json
from tests.support.waiting import eventually

BY_MISTAKE = {"reason_code": "by_mistake"}


async def test_after_a_transfer_the_admission_is_read_in_the_new_department(hospital: Hospital):
    old, new = await hospital.a_department(beds=1), await hospital.a_department(beds=1)
    here, there = await hospital.staff("charge_nurse", [old]), await hospital.staff("charge_nurse", [new])
    admission = (await hospital.an_admission(old))["id"]
    placement, path = f"/v1/placements/{admission}", f"/v1/admissions/{admission}"
    await here.do(f"{placement}/arrival")

    transfer = await here.do(f"{placement}/transfers", {"department_id": str(new.id)})
    bed = {"bed_id": str(new.beds[0])}
    await there.do(f"/v1/transfers/{transfer['id']}/accept", bed)
    await hospital.bed_manager.do(f"{placement}/moves", bed)

    async def shown(department: str, status: str) -> Json | None:
        found = await hospital.bed_manager.read(path)
        return found if (found["department_id"], found["status"]) == (department, status) else None

    moved = await eventually(lambda: shown(str(new.id), "transferred"))
    assert (moved["state"], moved["arrived_department_id"]) == ("admitted", str(old.id))
    assert [one["id"] for one in await there.list("/v1/admissions")] == [admission]
    assert await here.list("/v1/admissions") == []

    await hospital.bed_manager.do(f"{placement}/reversals", BY_MISTAKE | {"of": "move"})
    await eventually(lambda: shown(str(old.id), "admitted"))
