"""Who the person is turns out later, and what it was taken for before stays readable."""

from uuid import UUID

import httpx2

from common.ids import new_id
from tests.admissions.registry import Json, Registry, code_of


async def correct(registry: Registry, patient: UUID, **change: object) -> httpx2.Response:
    return await registry.bed_manager.patch(f"/v1/patients/{patient}", json=change)


async def history(registry: Registry, patient: UUID, role: str = "unit_manager") -> httpx2.Response:
    return await registry.staff(role).get(f"/v1/patients/{patient}/history")


async def versions(registry: Registry, patient: UUID) -> list[Json]:
    items: list[Json] = (await history(registry, patient)).json()["items"]
    return items


async def unidentified(registry: Registry) -> UUID:
    return await registry.a_patient(mrn=None, name=None, date_of_birth=None, unidentified=True)


async def test_whoever_could_not_be_identified_is_later_and_the_history_tells(registry: Registry):
    patient = await unidentified(registry)
    admission = await registry.an_admission(patient=patient)

    answer = await correct(registry, patient, mrn="IDENT-1", name="Found, Jane")

    assert (answer.status_code, answer.json()["unidentified"]) == (200, False)
    first, second = await versions(registry, patient)
    assert (first["version"], first["mrn"], first["name"]) == (1, None, None)
    assert (second["version"], second["mrn"], second["name"]) == (2, "IDENT-1", "Found, Jane")
    assert (second["changed_at"], second["changed_by"]) == (
        answer.json()["changed_at"],
        answer.json()["changed_by"],
    )
    assert first["changed_at"] < second["changed_at"]
    assert (await registry.admission(admission))["patient_id"] == str(patient)


async def test_a_record_number_that_somebody_has_leads_to_a_merge(registry: Registry):
    await registry.a_patient(mrn="KNOWN-1")
    patient = await unidentified(registry)
    refused = await correct(registry, patient, mrn="known-1", name="Doe, Jane")
    assert code_of(refused) == (409, "mrn_taken")
    assert "merge" in refused.json()["detail"]
    assert [version["mrn"] for version in await versions(registry, patient)] == [None]


async def test_a_look_at_the_history_is_a_look_at_the_person(registry: Registry):
    patient = await registry.a_patient()
    await history(registry, patient, "nurse")
    seen = (await registry.accesses("person_read"))[-1]
    assert (seen["act"], seen["subjects"]) == ("read_identity_history", [str(patient)])


async def test_who_may_look_at_it(registry: Registry):
    patient = await registry.a_patient()
    for role in ("physician", "integration", "admin", "auditor"):
        assert code_of(await history(registry, patient, role)) == (403, "forbidden")
    assert code_of(await history(registry, new_id())) == (404, "not_found")


async def test_nothing_is_left_of_it_after_an_erasure(registry: Registry):
    patient = await registry.a_patient()
    erasure = {"patient_id": str(patient), "reason_code": "court_order"}
    await registry.staff("admin").post(f"/v1/patients/{patient}/erasure", json=erasure)
    assert code_of(await history(registry, patient)) == (410, "patient_erased")


async def test_a_newborn_is_linked_to_the_mother_later_too(registry: Registry):
    mother, newborn = await registry.a_patient(), await unidentified(registry)
    linked = (await correct(registry, newborn, mother_id=str(mother))).json()
    assert (linked["mother_id"], linked["version"]) == (str(mother), 2)
    assert (await correct(registry, newborn, privacy=True)).json()["mother_id"] == str(mother)
    assert (await correct(registry, newborn, mother_id=None)).json()["mother_id"] is None
    for wrong, code in ((new_id(), "unknown"), (newborn, "itself")):
        refused = await correct(registry, newborn, mother_id=str(wrong))
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)
