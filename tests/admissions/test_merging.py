"""Two records of one person: merged, found as one, erased as one, and parted again where they were two."""

import asyncio
from uuid import UUID

import httpx2
import pytest

from admissions.domain.admission import PresenceState as P
from common.ids import new_id
from tests.admissions.registry import Json, Registry, code_of


async def merge(registry: Registry, patient: UUID, into: UUID, role: str = "unit_manager") -> httpx2.Response:
    return await registry.staff(role).post(f"/v1/patients/{patient}/merge", json={"into": str(into)})


async def undo(registry: Registry, patient: UUID) -> httpx2.Response:
    return await registry.staff("unit_manager").post(f"/v1/patients/{patient}/merge/undo")


async def merged(registry: Registry, patient: UUID, into: UUID) -> None:
    answer = await merge(registry, patient, into)
    assert answer.status_code == 200, answer.text


async def admit(registry: Registry, patient: UUID) -> httpx2.Response:
    body = {"patient_id": str(patient), "department_id": str(await registry.a_department())}
    return await registry.bed_manager.post("/v1/admissions", json=body)


async def found(registry: Registry, **wanted: str) -> list[str]:
    answer = await registry.bed_manager.post("/v1/patients/search", json=wanted)
    return [one["id"] for one in answer.json()["items"]]


async def listed(registry: Registry, patient: UUID) -> list[str]:
    answer = await registry.bed_manager.get(f"/v1/admissions?patient_id={patient}")
    return [one["id"] for one in answer.json()["items"]]


async def read(registry: Registry, patient: UUID) -> Json:
    shown: Json = (await registry.bed_manager.get(f"/v1/patients/{patient}")).json()
    return shown


async def leave(registry: Registry, admission: UUID) -> None:
    await registry.hears(admission, P.IN_BED, version=2)
    await registry.hears(admission, P.LEFT, version=3)


async def test_both_ids_stay_readable_and_the_survivor_is_found(registry: Registry):
    survivor, duplicate = await registry.a_patient(mrn="MERGE-1"), await registry.a_patient(mrn="MERGE-2")

    answer = await merge(registry, duplicate, survivor)

    assert (answer.status_code, answer.json()["merged_into"]) == (200, str(survivor))
    assert "Doe" not in answer.text
    kept = await read(registry, duplicate)
    assert (kept["mrn"], kept["merged_into"]) == ("MERGE-2", str(survivor))
    assert (await read(registry, survivor))["merged_into"] is None
    for mrn in ("MERGE-1", "MERGE-2"):
        assert await found(registry, mrn=mrn) == [str(survivor)]
    assert await registry.told(duplicate) == ["registered", "merged"]
    assert await registry.told(survivor) == ["registered"]
    assert code_of(await admit_with_mrn(registry, "MERGE-2")) == (409, "mrn_taken")


async def admit_with_mrn(registry: Registry, mrn: str) -> httpx2.Response:
    return await registry.bed_manager.post("/v1/patients", json={"mrn": mrn, "name": "Other, Jane"})


async def test_the_undo_parts_them_again(registry: Registry):
    survivor, duplicate = await registry.a_patient(mrn="UNDO-1"), await registry.a_patient(mrn="UNDO-2")
    of_duplicate = await registry.an_admission(patient=duplicate)
    await merged(registry, duplicate, survivor)

    answer = await undo(registry, duplicate)

    assert (answer.status_code, answer.json()["merged_into"]) == (200, None)
    assert await found(registry, mrn="UNDO-2") == [str(duplicate)]
    assert await listed(registry, survivor) == []
    assert (await registry.admission(of_duplicate))["person_id"] == str(duplicate)
    assert (await admit(registry, survivor)).status_code == 201
    assert await registry.told(duplicate) == ["registered", "merged", "unmerged"]
    assert code_of(await undo(registry, duplicate)) == (409, "not_merged")


async def test_admissions_of_both_are_shown_with_the_survivor(registry: Registry):
    survivor, duplicate = await registry.a_patient(), await registry.a_patient()
    first, second = (
        await registry.an_admission(patient=survivor),
        await registry.an_admission(patient=duplicate),
    )
    await leave(registry, first)
    await merged(registry, duplicate, survivor)

    assert await listed(registry, survivor) == [str(first), str(second)]
    assert await listed(registry, duplicate) == [str(second)]
    shown = await registry.admission(second)
    assert (shown["patient_id"], shown["person_id"]) == (str(duplicate), str(survivor))
    assert shown["want_version"] == 1  # beds has nothing to answer
    assert await registry.told(second) == ["requested", "changed"]


async def test_not_while_both_have_an_open_admission(registry: Registry):
    survivor, duplicate = await registry.a_patient(), await registry.a_patient()
    await registry.an_admission(patient=survivor)
    other = await registry.an_admission(patient=duplicate)
    assert code_of(await merge(registry, duplicate, survivor)) == (409, "patient_already_admitted")
    assert (await read(registry, duplicate))["merged_into"] is None
    await leave(registry, other)
    await merged(registry, duplicate, survivor)


@pytest.mark.parametrize("lies_under", ["survivor", "duplicate"])
async def test_one_person_is_admitted_once_under_whichever_record(registry: Registry, lies_under: str):
    survivor, duplicate = await registry.a_patient(), await registry.a_patient()
    admission = await registry.an_admission(patient=survivor if lies_under == "survivor" else duplicate)
    await merged(registry, duplicate, survivor)
    for patient in (survivor, duplicate):
        assert code_of(await admit(registry, patient)) == (409, "patient_already_admitted")
    await leave(registry, admission)
    again = await admit(registry, duplicate)
    assert (again.status_code, again.json()["patient_id"]) == (201, str(survivor))
    assert code_of(await registry.asks(admission, "reopen")) == (409, "patient_already_admitted")


async def test_of_merging_and_admitting_at_once_never_two_are_open(registry: Registry):
    for _ in range(5):
        survivor, duplicate = await registry.a_patient(), await registry.a_patient()
        acts = [merge(registry, duplicate, survivor), admit(registry, survivor), admit(registry, duplicate)]
        answers = await asyncio.gather(*acts)
        assert all(answer.status_code in (200, 201, 409) for answer in answers)
        both = [survivor, duplicate]
        people = await registry.admin.fetch(
            "SELECT person_id FROM admission WHERE patient_id = ANY ($1)", both
        )
        was_merged = answers[0].status_code == 200
        assert len(people) <= (1 if was_merged else 2)
        assert {row["person_id"] for row in people} <= ({survivor} if was_merged else {survivor, duplicate})


async def test_a_record_is_merged_into_one_that_counts(registry: Registry):
    first, second, third = [await registry.a_patient() for _ in range(3)]
    await merged(registry, first, second)
    assert code_of(await merge(registry, first, third)) == (409, "patient_merged")
    refused = await merge(registry, third, first)
    assert code_of(refused) == (409, "patient_merged")
    assert refused.json()["merged_into"] == str(second)
    corrected = await registry.bed_manager.patch(f"/v1/patients/{first}", json={"privacy": True})
    assert code_of(corrected) == (409, "patient_merged")
    for into, code in ((third, "itself"), (new_id(), "unknown")):
        refused = await merge(registry, third, into)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)
    assert code_of(await merge(registry, new_id(), third)) == (404, "not_found")


async def test_a_survivor_may_be_merged_on_and_each_undo_takes_its_own_back(registry: Registry):
    first, second, third = [await registry.a_patient(mrn=f"CHAIN-{number}") for number in range(3)]
    admission = await registry.an_admission(patient=first)
    await merged(registry, first, second)
    await merged(registry, second, third)
    assert await found(registry, mrn="CHAIN-0") == [str(third)]
    assert (await registry.admission(admission))["person_id"] == str(third)
    await undo(registry, second)
    assert (await registry.admission(admission))["person_id"] == str(second)
    await undo(registry, first)
    assert (await registry.admission(admission))["person_id"] == str(first)


async def test_a_board_shows_the_name_of_the_survivor(registry: Registry):
    survivor = await registry.a_patient(name="Known, Jane")
    duplicate = await registry.a_patient(name="Unknown, Jane")
    await registry.an_admission(patient=duplicate)
    await merged(registry, duplicate, survivor)
    ids = [str(duplicate), str(survivor)]
    answer = await registry.bed_manager.post("/v1/patients/names", json={"ids": ids})
    assert answer.json()["names"] == dict.fromkeys(ids, "Known, Jane")
    seen = (await registry.accesses("names_read"))[-1]
    assert seen["subjects"] == sorted(ids)


async def test_a_name_stays_off_boards_when_any_record_of_the_person_says_so(registry: Registry):
    survivor = await registry.a_patient(name="Known, Jane")
    duplicate = await registry.a_patient(name="Unknown, Jane")
    await registry.bed_manager.patch(f"/v1/patients/{duplicate}", json={"privacy": True})
    await merged(registry, duplicate, survivor)
    await registry.an_admission(patient=survivor)
    answer = await registry.bed_manager.post("/v1/patients/names", json={"ids": [str(survivor)]})
    assert answer.json()["names"] == {str(survivor): None}


async def test_the_erasure_of_one_erases_both(registry: Registry):
    survivor, duplicate = await registry.a_patient(mrn="GONE-1"), await registry.a_patient(mrn="GONE-2")
    admission = await registry.an_admission(patient=duplicate)
    await merged(registry, duplicate, survivor)
    erasure = {"patient_id": str(survivor), "reason_code": "court_order"}
    admin, path = registry.staff("admin"), f"/v1/patients/{survivor}/erasure"
    assert code_of(await admin.post(path, json=erasure)) == (409, "patient_still_admitted")
    await leave(registry, admission)

    assert (await admin.post(path, json=erasure)).status_code == 200

    for patient in (survivor, duplicate):
        answer = await registry.bed_manager.get(f"/v1/patients/{patient}")
        assert code_of(answer) == (410, "patient_erased")
        assert (await registry.told(patient))[-1] == "erased"
    assert await found(registry, mrn="GONE-2") == []
    assert code_of(await undo(registry, duplicate)) == (410, "patient_erased")


async def test_who_may_merge(registry: Registry):
    survivor, duplicate = await registry.a_patient(), await registry.a_patient()
    for role in ("nurse", "charge_nurse", "physician", "bed_manager", "integration"):
        assert code_of(await merge(registry, duplicate, survivor, role)) == (403, "forbidden")
    assert (await merge(registry, duplicate, survivor, "admin")).status_code == 200
