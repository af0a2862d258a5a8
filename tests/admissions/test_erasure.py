"""An identity is erased: nobody reads or finds it again, and what was done for the patient stays."""

import asyncio
from uuid import UUID

import pytest

from admissions.domain.admission import PresenceState
from admissions.handlers.erasure import erase_again
from common.clock import utc_now
from common.ids import new_id
from common.stamp import Stamp
from tests.admissions.registry import Registry, code_of


async def erase(registry: Registry, patient: UUID, *, confirmed: UUID | None = None, **more):
    body = {"reason_code": "asked_by_the_person", "patient_id": str(confirmed or patient)}
    return await registry.staff("admin").post(f"/v1/patients/{patient}/erasure", json=body, **more)


async def an_erased_patient(registry: Registry, **identity: str) -> UUID:
    patient = await registry.a_patient(**identity)
    assert (await erase(registry, patient)).status_code == 200
    return patient


async def test_the_key_and_the_index_of_an_erased_patient_are_gone(registry: Registry):
    patient = await registry.a_patient()
    answer = await erase(registry, patient)

    left = """SELECT (SELECT count(*) FROM subject_key WHERE subject_id = $1)
      + (SELECT count(*) FROM patient_index WHERE patient_id = $1)"""
    assert answer.status_code == 200
    assert set(answer.json()) == {"id", "erased_at", "version", "changed_by"}
    assert await registry.admin.fetchval(left, patient) == 0


async def test_the_erasure_is_told_without_identity(registry: Registry):
    patient = await an_erased_patient(registry, name="Nowhere, Never")

    told = await registry.admin.fetchrow(
        "SELECT value, state_topic FROM outbox WHERE key = $1 AND type = 'hospital.admissions.patient.erased.v1'",
        patient,
    )
    assert told is not None
    assert b"Nowhere" not in told["value"]
    assert b"asked_by_the_person" in told["value"]
    assert told["state_topic"] == "hospital.admissions.patient.state.v1"


async def test_only_erased_patients_are_on_the_list(registry: Registry):
    patient = await registry.a_patient()
    await registry.bed_manager.patch(f"/v1/patients/{patient}", json={"privacy": True})

    topics = await registry.admin.fetch("SELECT state_topic FROM outbox WHERE key = $1", patient)
    assert [row["state_topic"] for row in topics] == [None, None]


async def test_an_erased_patient_is_gone_for_every_route(registry: Registry):
    known = {"mrn": f"M-{new_id()}", "name": f"{new_id()}, Jane", "date_of_birth": "1980-02-03"}
    patient = await an_erased_patient(registry, **known)
    ask = registry.bed_manager
    admission = {"patient_id": str(patient), "department_id": str(await registry.a_department())}

    gone = (410, "patient_erased")
    assert code_of(await ask.get(f"/v1/patients/{patient}")) == gone
    assert code_of(await ask.patch(f"/v1/patients/{patient}", json={"name": "Back, Again"})) == gone
    assert code_of(await ask.post("/v1/admissions", json=admission)) == gone
    for by in ({"mrn": known["mrn"]}, {name: known[name] for name in ("name", "date_of_birth")}):
        assert (await ask.post("/v1/patients/search", json=by)).json()["items"] == []
    names = await ask.post("/v1/patients/names", json={"ids": [str(patient)]})
    assert names.json() == {"names": {str(patient): None}}


async def test_the_record_number_of_an_erased_patient_is_free(registry: Registry):
    mrn = f"M-{new_id()}"
    erased = await an_erased_patient(registry, mrn=mrn)

    assert await registry.a_patient(mrn=mrn) != erased


async def test_the_admissions_of_an_erased_patient_stay(registry: Registry):
    patient = await registry.a_patient()
    admission = await registry.an_admission(patient=patient)
    await registry.asks(admission, "cancel")
    await registry.hears(admission, PresenceState.WITHDRAWN, version=2, want_version=2)
    assert (await erase(registry, patient)).status_code == 200

    assert (await registry.admission(admission))["patient_id"] == str(patient)


async def test_a_patient_with_an_open_admission_is_not_erased(registry: Registry):
    patient = await registry.a_patient()
    admission = await registry.an_admission(patient=patient)
    answer = await erase(registry, patient)

    assert code_of(answer) == (409, "patient_still_admitted")
    assert answer.json()["admission_id"] == str(admission)
    assert (await registry.bed_manager.get(f"/v1/patients/{patient}")).status_code == 200


async def test_an_erasure_and_an_admission_at_once_do_not_both_happen(registry: Registry):
    department = await registry.a_department()
    for _ in range(8):
        patient = await registry.a_patient()
        wanted = {"patient_id": str(patient), "department_id": str(department)}
        erased, admitted = await asyncio.gather(
            erase(registry, patient), registry.bed_manager.post("/v1/admissions", json=wanted)
        )
        assert (erased.status_code, admitted.status_code) in {(200, 410), (409, 201)}


async def test_erasing_twice_erases_and_tells_once(registry: Registry):
    patient = await registry.a_patient()
    first, second = [await erase(registry, patient) for _ in range(2)]

    assert first.json() == second.json()
    assert await registry.told(patient) == ["registered", "erased"]


@pytest.mark.parametrize("tag", ['"2"', '"0"'])
async def test_an_erasure_of_what_has_changed_is_not_done(registry: Registry, tag: str):
    patient = await registry.a_patient()

    assert (await erase(registry, patient, headers={"if-match": tag})).status_code == 412


async def test_the_id_has_to_be_repeated(registry: Registry):
    patient = await registry.a_patient()
    answer = await erase(registry, patient, confirmed=new_id())

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.patient_id")


async def test_nobody_unknown_is_erased(registry: Registry):
    assert code_of(await erase(registry, new_id())) == (404, "not_found")


async def test_a_key_that_registered_an_erased_patient_does_not_bring_it_back(registry: Registry):
    body = {"mrn": f"M-{new_id()}", "name": "Doe, Jane"}
    key = {"idempotency-key": str(new_id())}
    patient = (await registry.bed_manager.post("/v1/patients", json=body, headers=key)).json()["id"]
    await erase(registry, UUID(patient))

    again = await registry.bed_manager.post("/v1/patients", json=body, headers=key)
    assert code_of(again) == (410, "patient_erased")


async def test_an_identity_that_came_back_with_the_database_is_erased_again(registry: Registry):
    """Even one with an open admission: the database is from before its end."""
    patient = await registry.a_patient()
    await registry.an_admission(patient=patient)
    at = Stamp(utc_now(), "user/who-erased-it")
    for _ in range(2):  # heard twice
        async with registry.process.database.write() as act:
            await erase_again(act, patient, 5, at)

    shown = await registry.admin.fetchrow(
        "SELECT erased_at, version, changed_by FROM patient WHERE id = $1", patient
    )
    assert shown is not None
    assert tuple(shown) == (at.at, 5, at.by)
    assert code_of(await registry.bed_manager.get(f"/v1/patients/{patient}")) == (410, "patient_erased")
