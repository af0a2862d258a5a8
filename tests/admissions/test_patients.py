"""Identity: encrypted at rest, found again by those who may, and every look at a person is told."""

import asyncio
import itertools
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from common.ids import new_id
from tests.admissions.registry import Json, Registry, code_of

_numbers = itertools.count(1)


def an_identity(**more: Any) -> Json:
    """Somebody whom no other test knows."""
    n = next(_numbers)
    known = {"mrn": f"MRN-{n}", "name": f"Ärztin-{n}, Jane Q", "date_of_birth": "1980-02-03"}
    return known | {"sex": "female", "contact": f"+49 30 {n:06}"} | more


async def search(registry: Registry, **by: Any) -> list[str]:
    answer = await registry.bed_manager.post("/v1/patients/search", json=by)
    assert answer.status_code == 200, answer.text
    return [patient["id"] for patient in answer.json()["items"]]


async def correct(registry: Registry, patient: UUID | str, **change: Any):
    return await registry.bed_manager.patch(f"/v1/patients/{patient}", json=change)


async def everything_stored(registry: Registry) -> bytes:
    """Every column of every row of every table, as bytes."""
    stored = b""
    for row in await registry.admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for content in await registry.admin.fetch(f'SELECT * FROM "{row["tablename"]}"'):
            stored += b"\0".join(
                value if isinstance(value, bytes) else str(value).encode() for value in content.values()
            )
    return stored


# Kept


async def test_a_patient_is_registered_and_shown(registry: Registry):
    identity = an_identity()
    answer = await registry.bed_manager.post("/v1/patients", json=identity)

    shown = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/patients/{shown['id']}"
    assert {name: shown[name] for name in identity} == identity
    assert (shown["unidentified"], shown["privacy"], shown["version"]) == (False, False, 1)
    assert await registry.told(UUID(shown["id"])) == ["registered"]


async def test_nothing_that_identifies_a_person_is_readable_at_rest(registry: Registry):
    identity = an_identity(
        mrn="Kx-7788", name="Quetzal, Oberon", date_of_birth="1931-07-19", contact="oberon@example.org"
    )
    patient = (await registry.bed_manager.post("/v1/patients", json=identity)).json()["id"]
    await search(registry, mrn="Kx-7788")
    await search(registry, name="Quetzal, Oberon", date_of_birth="1931-07-19")
    await correct(registry, patient, name="Quetzal, Titania")
    await registry.bed_manager.get(f"/v1/patients/{patient}")
    await registry.an_admission(patient=UUID(patient))
    click = {"idempotency-key": "one"}
    await registry.bed_manager.post("/v1/patients", json=identity | {"mrn": "Kx-7789"}, headers=click)

    stored = (await everything_stored(registry)).lower()

    for trace in ("kx-7788", "kx-7789", "quetzal", "oberon", "titania", "1931-07-19", "example.org"):
        assert trace.encode() not in stored, trace


async def test_equal_values_do_not_look_equal_at_rest(registry: Registry):
    for mrn in ("Twin-1", "Twin-2"):
        await registry.a_patient(mrn=mrn, name="Same, Same", sex="female")
    for column in ("name", "sex", "date_of_birth"):
        counted = await registry.admin.fetchrow(
            f"SELECT count({column}) AS all, count(DISTINCT {column}) AS distinct FROM patient_identity"
        )
        assert counted is not None
        assert counted["all"] == counted["distinct"]


async def test_the_identity_of_one_patient_is_not_that_of_another(registry: Registry):
    """Whoever swaps the sealed fields of two rows gets nothing but an error."""
    one, other = await registry.a_patient(), await registry.a_patient()
    name = await registry.admin.fetchval("SELECT name FROM patient_identity WHERE patient_id = $1", one)
    await registry.admin.execute("UPDATE patient_identity SET name = $2 WHERE patient_id = $1", other, name)
    with capture_logs():
        assert (await registry.bed_manager.get(f"/v1/patients/{other}")).status_code == 500
    assert (await registry.bed_manager.get(f"/v1/patients/{one}")).status_code == 200


@pytest.mark.parametrize(
    ("identity", "fields"),
    [
        ({}, ["body.mrn", "body.name"]),
        ({"mrn": "M-0"}, ["body.name"]),
        ({"mrn": "M-0", "name": "Doe, Jane", "date_of_birth": "1700-01-01"}, ["body.date_of_birth"]),
        ({"mrn": "M-0", "name": "Doe, Jane", "sex": "seven"}, ["body.sex"]),
        ({"mrn": "M-0", "name": "Doe, Jane", "nickname": "JJ"}, ["body.nickname"]),
    ],
)
async def test_what_makes_no_sense_is_refused_and_not_repeated(
    registry: Registry, identity: Json, fields: list[str]
):
    answer = await registry.bed_manager.post("/v1/patients", json=identity)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert all(str(value) not in answer.text for value in identity.values())


async def test_a_newborn_is_linked_to_the_mother(registry: Registry):
    mother = await registry.a_patient()
    answer = await registry.bed_manager.post(
        "/v1/patients", json={"unidentified": True, "mother_id": str(mother)}
    )
    assert (answer.status_code, answer.json()["mother_id"]) == (201, str(mother))
    unknown = {"unidentified": True, "mother_id": str(new_id())}
    assert code_of(await registry.bed_manager.post("/v1/patients", json=unknown)) == (422, "invalid")


# Found


async def test_a_patient_is_found_by_record_number_however_it_is_typed(registry: Registry):
    patient = str(await registry.a_patient(mrn="Ab 12"))
    for typed in ("Ab 12", "ab 12", "AB   12", "  ab 12  ", "ａｂ １２"):
        assert await search(registry, mrn=typed) == [patient]
    assert await search(registry, mrn="Ab12") == []


async def test_a_patient_is_found_by_name_and_birth_together(registry: Registry):
    patient = str(await registry.a_patient(name="Straße, Zoë", date_of_birth="1944-05-06"))
    assert await search(registry, name="STRASSE,  zoë", date_of_birth="1944-05-06") == [patient]
    assert await search(registry, name="Strasse, Zoe", date_of_birth="1944-05-06") == []
    assert await search(registry, name="Straße, Zoë", date_of_birth="1944-05-07") == []


async def test_everybody_of_the_same_name_and_birth_is_found(registry: Registry):
    twins = {str(await registry.a_patient(name="Namesake, Max")) for _ in range(2)}
    assert set(await search(registry, name="Namesake, Max", date_of_birth="1980-02-03")) == twins


@pytest.mark.parametrize(
    "by", [{}, {"name": "Doe, Jane"}, {"date_of_birth": "1980-02-03"}, {"mrn": "M-1", "name": "Doe, Jane"}]
)
async def test_a_search_is_by_one_or_the_other(registry: Registry, by: Json):
    answer = await registry.bed_manager.post("/v1/patients/search", json=by)
    assert answer.status_code == 422


# Corrected


async def test_a_correction_keeps_what_was(registry: Registry):
    identity = an_identity()
    patient = (await registry.bed_manager.post("/v1/patients", json=identity)).json()["id"]

    corrected = (await correct(registry, patient, name="Married, Jane")).json()

    assert (corrected["name"], corrected["version"]) == ("Married, Jane", 2)
    assert (corrected["mrn"], corrected["contact"]) == (identity["mrn"], identity["contact"])
    kept = await registry.admin.fetch(
        "SELECT version, name FROM patient_identity WHERE patient_id = $1 ORDER BY version", UUID(patient)
    )
    assert [row["version"] for row in kept] == [1, 2]
    assert await registry.told(UUID(patient)) == ["registered", "corrected"]
    assert await search(registry, name="Married, Jane", date_of_birth="1980-02-03") == [patient]
    assert await search(registry, name=identity["name"], date_of_birth="1980-02-03") == []


async def test_null_removes_what_was_wrong(registry: Registry):
    patient = (await registry.bed_manager.post("/v1/patients", json=an_identity())).json()["id"]
    corrected = (await correct(registry, patient, contact=None, date_of_birth=None)).json()
    assert (corrected["contact"], corrected["date_of_birth"]) == (None, None)
    assert code_of(await correct(registry, patient, mrn=None)) == (422, "invalid")


async def test_the_service_cannot_change_what_was(registry: Registry):
    patient = await registry.a_patient()
    for statement in (
        "UPDATE patient_identity SET name = NULL",
        "DELETE FROM patient_identity",
        "DELETE FROM patient",
        "UPDATE subject_key SET created_at = now()",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await registry.process.database.pool.execute(statement)
    assert (await registry.bed_manager.get(f"/v1/patients/{patient}")).json()["name"] == "Doe, Jane"


async def test_an_unidentified_patient_is_identified_later(registry: Registry):
    answer = await registry.bed_manager.post("/v1/patients", json={"unidentified": True})
    patient = answer.json()["id"]
    assert (answer.json()["mrn"], answer.json()["name"]) == (None, None)

    named = (await correct(registry, patient, name="Found, Jane")).json()
    assert named["unidentified"]
    identity = an_identity(name="Found, Jane")
    known = (await correct(registry, patient, mrn=identity["mrn"], date_of_birth="1980-02-03")).json()

    assert not known["unidentified"]
    assert await search(registry, mrn=identity["mrn"]) == [patient]
    assert await search(registry, name="found, jane", date_of_birth="1980-02-03") == [patient]


async def test_any_number_of_patients_are_unidentified(registry: Registry):
    for _ in range(3):
        answer = await registry.bed_manager.post("/v1/patients", json={"unidentified": True})
        assert answer.status_code == 201


async def test_a_correction_of_what_has_changed_since_is_refused(registry: Registry):
    patient = await registry.a_patient()
    tag = (await registry.bed_manager.get(f"/v1/patients/{patient}")).headers["etag"]
    await correct(registry, patient, name="First, Jane")
    answer = await registry.bed_manager.patch(
        f"/v1/patients/{patient}", json={"name": "Second, Jane"}, headers={"if-match": tag}
    )
    assert code_of(answer) == (412, "precondition_failed")


async def test_an_unknown_patient_is_not_found(registry: Registry):
    assert code_of(await registry.bed_manager.get(f"/v1/patients/{new_id()}")) == (404, "not_found")
    assert code_of(await correct(registry, new_id(), name="Doe, Jane")) == (404, "not_found")


# One patient per record number


async def test_a_record_number_is_taken_however_it_is_typed(registry: Registry):
    await registry.a_patient(mrn="Zz 99")
    again = await registry.bed_manager.post("/v1/patients", json=an_identity(mrn="zZ  99"))
    assert code_of(again) == (409, "mrn_taken")
    other = await registry.a_patient()
    assert code_of(await correct(registry, other, mrn="ZZ 99")) == (409, "mrn_taken")


async def test_of_twenty_registrations_under_one_record_number_one_wins(registry: Registry):
    identity = an_identity()
    answers = await asyncio.gather(
        *(registry.bed_manager.post("/v1/patients", json=identity) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {answer.json()["code"] for answer in answers if not answer.is_success} == {"mrn_taken"}
    assert len(await search(registry, mrn=identity["mrn"])) == 1


async def test_a_double_click_registers_once(registry: Registry):
    identity, click = an_identity(), {"idempotency-key": str(new_id())}
    answers = await asyncio.gather(
        *(registry.bed_manager.post("/v1/patients", json=identity, headers=click) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


# Names on boards


async def names(staff: Any, *patients: UUID) -> Json:
    answer = await staff.post("/v1/patients/names", json={"ids": [str(patient) for patient in patients]})
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()["names"]
    return shown


async def test_names_are_shown_within_the_own_departments(registry: Registry):
    here, there = await registry.a_department(), await registry.a_department()
    mine, theirs, nowhere = [await registry.a_patient() for _ in range(3)]
    await registry.an_admission(here, mine)
    await registry.an_admission(there, theirs)

    nurse = registry.staff("nurse", [here])
    assert await names(nurse, mine, theirs, nowhere) == {
        str(mine): "Doe, Jane",
        str(theirs): None,
        str(nowhere): None,
    }
    everyone = await names(registry.bed_manager, mine, theirs, nowhere)
    assert list(everyone.values()) == ["Doe, Jane", "Doe, Jane", None]


async def test_a_name_is_not_shown_once_the_admission_is_over(registry: Registry):
    department, patient = await registry.a_department(), await registry.a_patient()
    admission = await registry.an_admission(department, patient)
    await registry.admin.execute("UPDATE admission SET state = 'discharged' WHERE id = $1", admission)
    assert await names(registry.staff("nurse", [department]), patient) == {str(patient): None}


async def test_with_privacy_a_name_stays_off_boards(registry: Registry):
    department, patient = await registry.a_department(), await registry.a_patient(privacy=True)
    await registry.an_admission(department, patient)
    assert await names(registry.bed_manager, patient) == {str(patient): None}
    assert (await registry.bed_manager.get(f"/v1/patients/{patient}")).json()["name"] == "Doe, Jane"
    await correct(registry, patient, privacy=False)
    assert await names(registry.bed_manager, patient) == {str(patient): "Doe, Jane"}


@pytest.mark.parametrize("role", ["housekeeping", "admin", "auditor", "staffing_coordinator"])
async def test_nobody_else_sees_a_person(registry: Registry, role: str):
    patient, staff = await registry.a_patient(), registry.staff(role)
    for answer in (
        await staff.get(f"/v1/patients/{patient}"),
        await staff.post("/v1/patients/search", json={"mrn": "M-1"}),
        await staff.post("/v1/patients/names", json={"ids": [str(patient)]}),
        await staff.post("/v1/patients", json=an_identity()),
        await staff.patch(f"/v1/patients/{patient}", json={"name": "Doe, John"}),
    ):
        assert code_of(answer) == (403, "forbidden")
        assert "Doe" not in answer.text


# Looks


async def test_every_look_at_a_person_is_told_before_the_answer(registry: Registry):
    """Once per session, set and minute. When the answer is here, the event is committed."""
    department, patient = await registry.a_department(), await registry.a_patient(mrn="Seen-1")
    await registry.an_admission(department, patient)
    nurse = registry.staff("nurse", [department])
    before = {kind: len(await registry.accesses(kind)) for kind in ("person_read", "search", "names_read")}

    for _ in range(2):
        await nurse.get(f"/v1/patients/{patient}")
        await nurse.post("/v1/patients/search", json={"mrn": "Seen-1"})
        await names(nurse, patient)

    for kind, act in (
        ("person_read", "find_patients"),
        ("search", "find_patients"),
        ("names_read", "read_names"),
    ):
        (access,) = (await registry.accesses(kind))[before[kind] :]
        assert (access["subjects"], access["act"], access["outcome"]) == ([str(patient)], act, "success")
        assert access["session_id"]


async def test_two_sets_of_names_are_two_looks(registry: Registry):
    department, one, other = (
        await registry.a_department(),
        await registry.a_patient(),
        await registry.a_patient(),
    )
    for patient in (one, other):
        await registry.an_admission(department, patient)
    nurse, before = registry.staff("nurse", [department]), len(await registry.accesses("names_read"))
    for asked in ((one,), (one, other), (one,)):
        await names(nurse, *asked)
    looks = (await registry.accesses("names_read"))[before:]
    assert [set(look["subjects"]) for look in looks] == [{str(one)}, {str(one), str(other)}]


async def test_a_search_that_finds_nobody_is_told_too(registry: Registry):
    before = len(await registry.accesses("search"))
    await registry.staff("nurse").post("/v1/patients/search", json={"mrn": "nobody's"})
    (access,) = (await registry.accesses("search"))[before:]
    assert access["subjects"] == []


async def test_two_searches_that_find_the_same_are_two_looks(registry: Registry):
    """Whoever tries one record number after the other is seen to do so; what was asked for is not told."""
    before, nurse = len(await registry.accesses("search")), registry.staff("nurse")
    for guess in ("guess-1", "guess-2", "GUESS-2"):
        await nurse.post("/v1/patients/search", json={"mrn": guess})
    looks = (await registry.accesses("search"))[before:]
    assert [(look["act"], look["subjects"]) for look in looks] == [("find_patients", [])] * 2
    assert "guess" not in str(looks).lower()


async def test_a_record_that_a_command_shows_is_a_look(registry: Registry):
    """Correcting nothing shows everything; a repeated registration shows what others have written since."""
    identity, click = an_identity(), {"idempotency-key": "shown"}
    nurse = registry.staff("nurse")
    before = len(await registry.accesses("person_read"))
    patient = (await nurse.post("/v1/patients", json=identity, headers=click)).json()["id"]
    await correct(registry, patient, contact="+49 30 77")
    repeated = await nurse.post("/v1/patients", json=identity, headers=click)
    assert repeated.json()["contact"] == "+49 30 77"
    looks = (await registry.accesses("person_read"))[before:]
    assert [(look["act"], look["subjects"]) for look in looks] == [("keep_patients", [patient])] * 2


async def test_a_copy_that_still_holds_is_a_look_and_an_unknown_id_is_none(registry: Registry):
    patient, nurse = await registry.a_patient(), registry.staff("nurse")
    before = len(await registry.accesses("person_read"))
    unchanged = await nurse.get(f"/v1/patients/{patient}", headers={"if-none-match": "*"})
    unknown = await nurse.get(f"/v1/patients/{new_id()}")
    assert (unchanged.status_code, unknown.status_code) == (304, 404)
    (look,) = (await registry.accesses("person_read"))[before:]
    assert look["subjects"] == [str(patient)]


async def test_a_look_that_cannot_be_told_is_not_answered(registry: Registry):
    """Without the event there is no answer."""
    patient = await registry.a_patient()
    await registry.admin.execute("REVOKE INSERT ON outbox FROM admissions")
    try:
        with capture_logs():
            answer = await registry.staff("nurse").get(f"/v1/patients/{patient}")
    finally:
        await registry.admin.execute("GRANT INSERT ON outbox TO admissions")
    assert answer.status_code == 500
    assert "Doe" not in answer.text


async def test_a_refused_look_is_told(registry: Registry):
    before = len(await registry.accesses("refused"))
    patient = new_id()
    await registry.staff("housekeeping").get(f"/v1/patients/{patient}")
    (access,) = (await registry.accesses("refused"))[before:]
    assert (access["act"], access["outcome"]) == ("find_patients", "refused")
    assert access["subjects"] == [str(patient)]
