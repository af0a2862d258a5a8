"""The patient who was said to have left is still there, or is back (A13): from the desk to the next bed."""

from tests.support.hospital import Hospital
from tests.support.person import Person
from tests.support.waiting import eventually

BY_MISTAKE = {"reason_code": "by_mistake"}


async def _is(who: Person, admission: str, state: str) -> bool:
    return bool((await who.read(f"/v1/admissions/{admission}"))["state"] == state)


async def test_a_departure_is_reversed_and_the_patient_arrives_again(hospital: Hospital):
    ward = await hospital.a_department(beds=2)
    charge_nurse = await hospital.staff("charge_nurse", [ward])
    admission = (await hospital.an_admission(ward))["id"]
    placement, shown = f"/v1/placements/{admission}", f"/v1/admissions/{admission}"
    first = (await charge_nurse.do(f"{placement}/arrival"))["bed_id"]
    await charge_nurse.do(f"{placement}/departure", BY_MISTAKE)
    await eventually(lambda: _is(charge_nurse, admission, "discharged"))

    reopened = await charge_nurse.do(f"{shown}/reopen", BY_MISTAKE, wait=10)
    assert (reopened["state"], reopened["stay_number"]) == ("bed_assigned", 2)
    second = reopened["placement"]["bed_id"]
    assert second != first  # the bed that was left is dirty

    twice = await charge_nurse.ask("POST", f"{shown}/reopen", BY_MISTAKE)
    assert (twice.status_code, twice.json()["code"]) == (409, "not_discharged")

    there = await charge_nurse.do(f"{placement}/arrival")
    assert (there["state"], there["bed_id"], there["stay_number"]) == ("in_bed", second, 2)
    await eventually(lambda: _is(charge_nurse, admission, "admitted"))
    movements = await charge_nurse.list(f"{placement}/movements")
    assert [(each["kind"], each["from_bed_id"], each["to_bed_id"]) for each in movements] == [
        ("arrival", None, first),
        ("departure", first, None),
        ("arrival", None, second),
    ]
    history = await charge_nurse.list(f"{shown}/history")
    assert [change["what"] for change in history] == [
        *("requested", "bed_assigned", "admitted", "discharged"),
        *("reopened", "bed_assigned", "admitted"),
    ]


async def test_the_patient_is_back_in_the_own_bed_while_nobody_cleans_it(hospital: Hospital):
    ward = await hospital.a_department(beds=1)
    admission = (await hospital.an_admission(ward))["id"]
    await hospital.bed_manager.do(f"/v1/placements/{admission}/arrival")
    await hospital.bed_manager.do(f"/v1/placements/{admission}/departure", BY_MISTAKE)
    await eventually(lambda: _is(hospital.bed_manager, admission, "discharged"))
    reopened = await hospital.bed_manager.do(f"/v1/admissions/{admission}/reopen", BY_MISTAKE, wait=10)
    assert reopened["placement"]["refusal"] == "no_bed"

    own = {"bed_id": str(ward.beds[0])}
    back = await hospital.bed_manager.do(f"/v1/placements/{admission}/arrival", own)

    assert (back["state"], back["bed_id"]) == ("in_bed", own["bed_id"])
    await eventually(lambda: _is(hospital.bed_manager, admission, "admitted"))
    cleaner = await hospital.staff("housekeeping")
    jobs = await cleaner.list("/v1/cleaning_jobs", **own, state="cancelled")
    assert [job["type"] for job in jobs].count("discharge") == 1


async def test_a_reopening_that_is_cancelled_ends_as_the_discharge_that_it_was(hospital: Hospital):
    ward = await hospital.a_department(beds=2)
    admission = (await hospital.an_admission(ward))["id"]
    await hospital.bed_manager.do(f"/v1/placements/{admission}/arrival")
    await hospital.bed_manager.do(f"/v1/placements/{admission}/departure", BY_MISTAKE)
    await eventually(lambda: _is(hospital.bed_manager, admission, "discharged"))
    await hospital.bed_manager.do(f"/v1/admissions/{admission}/reopen", BY_MISTAKE, wait=10)

    cancelled = await hospital.bed_manager.ask(
        "POST", f"/v1/admissions/{admission}/cancel", BY_MISTAKE, headers={"prefer": "wait=10"}
    )

    assert cancelled.status_code == 409
    assert await _is(hospital.bed_manager, admission, "discharged")
    assert (await hospital.bed_manager.read(f"/v1/placements/{admission}"))["state"] == "left"
