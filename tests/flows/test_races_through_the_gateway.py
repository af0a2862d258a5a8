"""What happens once although many ask at once, or one asks twice."""

import asyncio
from collections import Counter
from uuid import uuid4

from tests.support.hospital import Department, Hospital
from tests.support.person import Json, Person
from tests.support.waiting import eventually

CLIENTS, NURSES = 50, 5


async def test_of_fifty_clients_one_gets_the_bed(hospital: Hospital):
    elsewhere = await hospital.a_department(beds=0)
    ward = await hospital.a_department(beds=1)
    bed = ward.beds[0]
    admissions = await asyncio.gather(*(hospital.an_admission(elsewhere) for _ in range(CLIENTS)))
    nurses = await asyncio.gather(*(hospital.staff("charge_nurse", [ward]) for _ in range(NURSES)))
    clients = [hospital.another_device(nurse) for nurse in nurses for _ in range(CLIENTS // NURSES)]
    await asyncio.gather(*(client.read("/v1/me") for client in clients))  # every connection is open

    answers = await asyncio.gather(
        *(
            client.ask("POST", f"/v1/beds/{bed}/holds", {"admission_id": admission["id"]})
            for client, admission in zip(clients, admissions, strict=True)
        )
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: CLIENTS - 1}
    (winner,) = [answer.json() for answer in answers if answer.status_code == 201]
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {refusal["code"] for refusal in refusals} == {"bed_taken"}

    shown = await hospital.bed_manager.read(f"/v1/beds/{bed}")
    assert (shown["state"], shown["hold_id"]) == ("held", winner["id"])
    assert all(refusal["changed_by"] == shown["changed_by"] for refusal in refusals)
    placements = await hospital.bed_manager.list("/v1/placements", department_id=str(ward.id))
    assert [placement["admission_id"] for placement in placements] == [shown["admission_id"]]


async def test_of_two_admissions_of_one_patient_one_is_kept(hospital: Hospital):
    ward, patient = await hospital.a_department(beds=2), await hospital.a_patient()
    wanted = {"patient_id": str(patient), "department_id": str(ward.id)}
    answers = await asyncio.gather(
        *(hospital.bed_manager.ask("POST", "/v1/admissions", wanted) for _ in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = [answer.json() for answer in answers if answer.status_code == 409]
    assert refused["code"] == "patient_already_admitted"
    kept = await hospital.bed_manager.list("/v1/admissions", patient_id=str(patient))
    assert len(kept) == 1


async def test_a_double_click_admits_once(hospital: Hospital):
    ward, patient, key = await hospital.a_department(beds=2), await hospital.a_patient(), str(uuid4())
    wanted = {"patient_id": str(patient), "department_id": str(ward.id)}
    await _known(hospital, ward)
    answers = await asyncio.gather(
        *(hospital.bed_manager.ask("POST", "/v1/admissions", wanted, key=key) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    (admission_id,) = {answer.json()["id"] for answer in answers}
    kept = await hospital.bed_manager.list("/v1/admissions", patient_id=str(patient))
    assert [admission["id"] for admission in kept] == [admission_id]

    later = await hospital.bed_manager.ask("POST", "/v1/admissions", wanted, key=key)
    assert (later.status_code, later.json()["id"]) == (201, admission_id)
    other = await hospital.bed_manager.ask(
        "POST", "/v1/admissions", wanted | {"priority": "elective"}, key=key
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_double_click_holds_and_arrives_once(hospital: Hospital):
    ward = await hospital.a_department(beds=0)
    admission = await hospital.an_admission(ward)
    bed = await hospital.a_bed(ward.id, ward.room, "B1")
    await eventually(lambda: _placement_is(hospital, admission["id"], "held"))

    key, path = str(uuid4()), f"/v1/placements/{admission['id']}/arrival"
    arrivals = await asyncio.gather(*(hospital.bed_manager.ask("POST", path, {}, key=key) for _ in range(5)))
    assert {answer.status_code for answer in arrivals} == {201}
    assert {answer.json()["bed_id"] for answer in arrivals} == {str(bed)}
    movements = await hospital.bed_manager.list(f"/v1/placements/{admission['id']}/movements")
    assert [movement["kind"] for movement in movements] == ["arrival"]


async def test_keys_are_a_users_own(hospital: Hospital):
    key = str(uuid4())
    others = await asyncio.gather(*(hospital.staff("bed_manager") for _ in range(2)))
    patients = [await _registers(other, key) for other in others]
    assert len({patient["id"] for patient in patients}) == 2


async def _registers(who: Person, key: str) -> Json:
    answer = await who.ask("POST", "/v1/patients", {"unidentified": True}, key=key)
    assert answer.status_code == 201
    registered: Json = answer.json()
    return registered


async def _known(hospital: Hospital, ward: Department) -> None:
    """Admissions has heard of the ward."""
    await hospital.an_admission(ward)


async def _placement_is(hospital: Hospital, admission: str, state: str) -> bool:
    return bool((await hospital.bed_manager.read(f"/v1/placements/{admission}"))["state"] == state)
