"""Admissions: asked for, answered by beds, changed, ended and discharged on paper."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from admissions.domain.admission import PresenceState as P
from admissions.main import create_app
from common.clock import rfc3339
from common.ids import new_id
from common.testing import client_for, living
from tests.admissions.registry import Json, Registry, code_of
from tests.support.waiting import eventually


async def ask(registry: Registry, patient: UUID, department: UUID, **more: Any):
    body = {"patient_id": str(patient), "department_id": str(department)}
    return await registry.bed_manager.post("/v1/admissions", json=body, **more)


async def want_elsewhere(registry: Registry, admission: UUID, department: UUID, **more: Any):
    body = {"department_id": str(department)}
    return await registry.bed_manager.put(f"/v1/admissions/{admission}/bed_request", json=body, **more)


# Asked for


async def test_an_admission_is_kept_before_beds_has_answered(registry: Registry):
    patient, department = await registry.a_patient(), await registry.a_department()

    answer = await ask(registry, patient, department)

    shown = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/admissions/{shown['id']}"
    assert (shown["state"], shown["status"], shown["placement"]) == ("requested", "pending", None)
    assert shown["want"] == shown["asked"]
    assert (shown["want"]["department_id"], shown["want"]["priority"]) == (str(department), "urgent")
    assert (shown["want_version"], shown["stay_number"]) == (1, 1)
    assert await registry.told(UUID(shown["id"])) == ["requested"]


async def test_of_two_admissions_of_one_patient_at_once_one_wins(registry: Registry):
    patient, department = await registry.a_patient(), await registry.a_department()
    answers = await asyncio.gather(*(ask(registry, patient, department) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert {code_of(answer)[1] for answer in answers if not answer.is_success} == {"patient_already_admitted"}
    count = await registry.admin.fetchval("SELECT count(*) FROM admission WHERE patient_id = $1", patient)
    assert count == 1


async def test_a_double_click_admits_once(registry: Registry):
    patient, department = await registry.a_patient(), await registry.a_department()
    click = {"idempotency-key": str(new_id())}
    answers = await asyncio.gather(*(ask(registry, patient, department, headers=click) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_after_a_closed_admission_there_may_be_another(registry: Registry):
    patient, department = await registry.a_patient(), await registry.a_department()
    admission = await registry.an_admission(department, patient)
    await registry.hears(admission, P.IN_BED, version=2)
    assert code_of(await ask(registry, patient, department)) == (409, "patient_already_admitted")
    await registry.hears(admission, P.LEFT, version=3)
    assert (await ask(registry, patient, department)).status_code == 201


async def test_an_unknown_patient_is_not_admitted(registry: Registry):
    answer = await ask(registry, new_id(), await registry.a_department())
    assert code_of(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == "body.patient_id"


async def test_there_is_no_bed_in_a_department_that_is_unknown_or_closed(registry: Registry):
    patient = await registry.a_patient()
    for department in (uuid4(), await registry.a_department("closed")):
        assert code_of(await ask(registry, patient, department)) == (422, "unknown_department")
    admission = await registry.an_admission(patient=patient)
    answer = await want_elsewhere(registry, admission, uuid4())
    assert code_of(answer) == (422, "unknown_department")


async def test_a_department_that_was_opened_a_moment_ago_is_only_not_yet_known(registry: Registry):
    """Its record may not even be in Kafka yet."""
    answer = await ask(registry, await registry.a_patient(), new_id())
    assert code_of(answer) == (503, "not_yet_known")


async def test_while_catching_up_a_department_is_only_not_yet_known(registry: Registry):
    """With the broker away, a service cannot tell an unknown department from one it has not heard of yet."""
    patient = await registry.a_patient()
    app = create_app(registry.settings)
    async with living(app):
        body = {"patient_id": str(patient), "department_id": str(uuid4())}
        answer = await client_for(app, "bed_manager").post("/v1/admissions", json=body)
        assert code_of(answer) == (503, "not_yet_known")
        assert answer.headers["retry-after"] == "1"
        known = {"patient_id": str(patient), "department_id": str(await registry.a_department())}
        assert (await client_for(app, "bed_manager").post("/v1/admissions", json=known)).status_code == 201


async def test_a_nurse_admits_to_the_own_department_only(registry: Registry):
    here, there = await registry.a_department(), await registry.a_department()
    nurse, patient = registry.staff("nurse", [here]), await registry.a_patient()

    async def admit(department: UUID):
        body = {"patient_id": str(patient), "department_id": str(department)}
        return await nurse.post("/v1/admissions", json=body)

    assert code_of(await admit(there)) == (403, "forbidden")
    mine = (await admit(here)).json()["id"]
    answer = await nurse.put(f"/v1/admissions/{mine}/bed_request", json={"department_id": str(there)})
    assert code_of(answer) == (403, "forbidden")


# Answered


async def test_the_answer_of_beds_is_followed_and_shown(registry: Registry):
    admission = await registry.an_admission()
    end = await registry.admin.fetchval("SELECT now() + interval '30 minutes'")

    await registry.hears(admission, P.HELD, version=1, held_until=end)
    shown = await registry.admission(admission)
    assert (shown["state"], shown["status"]) == ("bed_assigned", "pending")
    assert (shown["placement"]["state"], shown["placement"]["bed_id"] is None) == ("held", False)

    for state, version, becomes, status in (
        (P.IN_BED, 2, "admitted", "admitted"),
        (P.ON_LEAVE, 3, "on_leave", "admitted"),
        (P.IN_BED, 4, "admitted", "admitted"),
        (P.LEFT, 5, "discharged", "discharged"),
    ):
        await registry.hears(admission, state, version=version)
        shown = await registry.admission(admission)
        assert (shown["state"], shown["status"]) == (becomes, status)
    assert await registry.told(admission) == [
        *("requested", "bed_assigned", "admitted", "changed", "admitted", "discharged")
    ]


async def test_a_queued_admission_tells_why(registry: Registry):
    admission = await registry.an_admission()
    await registry.hears(admission, P.QUEUED, version=1, refusal="no_bed")
    shown = await registry.admission(admission)
    assert (shown["state"], shown["placement"]["refusal"]) == ("requested", "no_bed")
    assert await registry.told(admission) == ["requested"]


async def test_an_answer_is_heard_once_and_never_after_a_newer_one(registry: Registry):
    admission = await registry.an_admission()
    assert await registry.hears(admission, P.IN_BED, version=5)
    for version in (5, 4, 1):
        assert not await registry.hears(admission, P.HELD, version=version)
    assert (await registry.admission(admission))["state"] == "admitted"


async def test_an_answer_to_an_older_want_says_nothing(registry: Registry):
    admission = await registry.an_admission()
    await want_elsewhere(registry, admission, await registry.a_department())
    assert not await registry.hears(admission, P.HELD, version=1, want_version=1)
    assert (await registry.admission(admission))["state"] == "requested"
    assert await registry.hears(admission, P.QUEUED, version=2, want_version=2, refusal="no_bed")
    assert (await registry.admission(admission))["placement"]["refusal"] == "no_bed"


async def test_an_answer_to_nobody_is_passed_over(registry: Registry):
    assert not await registry.hears(new_id(), P.HELD, version=1)


async def test_once_its_hold_is_over_an_admission_is_requested_again(registry: Registry):
    """By the clock, though no event has come; the tag changes with it."""
    department = await registry.a_department()
    admission = await registry.an_admission(department)
    end = await registry.admin.fetchval("SELECT now() + interval '30 minutes'")
    await registry.hears(admission, P.HELD, version=1, held_until=end)
    path = f"/v1/admissions/{admission}"
    tag = (await registry.bed_manager.get(path)).headers["etag"]
    assert (await registry.bed_manager.get(path, headers={"if-none-match": tag})).status_code == 304

    await registry.admin.execute(
        "UPDATE heard_placement SET held_until = $2 WHERE admission_id = $1",
        admission,
        end - timedelta(hours=1),
    )

    answer = await registry.bed_manager.get(path, headers={"if-none-match": tag})
    assert answer.status_code == 200
    placement = answer.json()["placement"]
    assert (answer.json()["state"], answer.json()["status"]) == ("requested", "pending")
    assert (placement["state"], placement["refusal"], placement["bed_id"]) == ("queued", "expired", None)
    for state, found in (("requested", 1), ("bed_assigned", 0)):
        listed = await registry.bed_manager.get(f"/v1/admissions?department_id={department}&state={state}")
        assert len(listed.json()["items"]) == found


async def test_a_request_waits_for_the_answer_that_it_wants(registry: Registry):
    department = await registry.a_department()
    waiting = asyncio.create_task(
        ask(registry, await registry.a_patient(), department, headers={"prefer": "wait=10"})
    )

    async def kept() -> UUID | None:
        found: UUID | None = await registry.admin.fetchval(
            "SELECT id FROM admission WHERE department_id = $1", department
        )
        return found

    await registry.hears(await eventually(kept), P.QUEUED, version=1, refusal="no_bed")

    answer = await waiting
    assert (answer.status_code, answer.json()["placement"]["refusal"]) == (201, "no_bed")


# Changed


async def test_another_bed_is_wanted(registry: Registry):
    admission, department = await registry.an_admission(), await registry.a_department()
    body = {"department_id": str(department), "bed_id": str(new_id()), "priority": "emergency"}
    answer = await registry.bed_manager.put(f"/v1/admissions/{admission}/bed_request", json=body)
    shown = answer.json()
    assert (answer.status_code, shown["want_version"], shown["department_id"]) == (200, 2, str(department))
    assert {name: shown["want"][name] for name in body} == body


async def test_no_other_bed_is_wanted_by_whoever_has_one_or_none_any_more(registry: Registry):
    department = await registry.a_department()
    admission = await registry.an_arrival()
    assert code_of(await want_elsewhere(registry, admission, department)) == (409, "already_arrived")
    await registry.hears(admission, P.LEFT, version=3)
    assert code_of(await want_elsewhere(registry, admission, department)) == (409, "admission_closed")
    cancelling = await registry.an_admission()
    await registry.asks(cancelling, "cancel")
    assert code_of(await want_elsewhere(registry, cancelling, department)) == (409, "cancelling")
    assert code_of(await want_elsewhere(registry, new_id(), department)) == (404, "not_found")


async def test_a_change_of_what_has_changed_since_is_refused(registry: Registry):
    admission = await registry.an_admission()
    tag = (await registry.bed_manager.get(f"/v1/admissions/{admission}")).headers["etag"]
    await registry.hears(admission, P.QUEUED, version=1, refusal="no_bed")  # the tag covers the answer shown
    department = await registry.a_department()

    answer = await want_elsewhere(registry, admission, department, headers={"if-match": tag})
    assert code_of(answer) == (412, "precondition_failed")

    tag = (await registry.bed_manager.get(f"/v1/admissions/{admission}")).headers["etag"]
    answer = await want_elsewhere(registry, admission, department, headers={"if-match": tag})
    assert answer.status_code == 200


# Ended


@pytest.mark.parametrize(("what", "end"), [("cancel", "cancelled"), ("no_show", "no_show")])
async def test_an_end_is_final_only_on_the_answer_of_beds(registry: Registry, what: str, end: str):
    admission = await registry.an_admission()

    answer = await registry.asks(admission, what)
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["target"]) == (202, "cancelling", end)
    assert (shown["want"], shown["want_version"], shown["reason_code"]) == (None, 2, "by_mistake")

    assert not await registry.hears(admission, P.HELD, version=1, want_version=1)
    assert (await registry.admission(admission))["state"] == "cancelling"
    await registry.hears(admission, P.WITHDRAWN, version=2, want_version=2)
    shown = await registry.admission(admission)
    assert (shown["state"], shown["status"], shown["target"]) == (end, end, None)
    assert shown["reason_code"] == "by_mistake"
    assert await registry.told(admission) == ["requested", "cancelling", end]


async def answered_while_waiting(registry: Registry, admission: UUID, state: P) -> Any:
    waiting = asyncio.create_task(registry.asks(admission, "cancel", headers={"prefer": "wait=10"}))

    async def asked() -> bool:
        return bool((await registry.admission(admission))["state"] == "cancelling")

    await eventually(asked)
    await registry.hears(admission, state, version=2, want_version=2)
    return await waiting


async def test_a_cancel_that_waits_is_answered_as_final(registry: Registry):
    admission = await registry.an_admission()
    answer = await answered_while_waiting(registry, admission, P.WITHDRAWN)
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


async def test_a_cancel_after_the_arrival_is_refused_and_the_bed_is_wanted_again(registry: Registry):
    """The patient was in the bed before beds heard of the cancel."""
    admission = await registry.an_admission()
    answer = await answered_while_waiting(registry, admission, P.IN_BED)
    assert code_of(answer) == (409, "already_arrived")
    assert answer.json()["state"] == "admitted"
    shown = await registry.admission(admission)
    assert (shown["state"], shown["want"]) == ("admitted", shown["asked"])
    assert (shown["want_version"], shown["version"]) == (3, 3)


async def test_a_patient_who_is_here_is_not_cancelled(registry: Registry):
    admission = await registry.an_arrival()
    for what in ("cancel", "no_show"):
        assert code_of(await registry.asks(admission, what)) == (409, "already_arrived")


async def test_an_end_is_asked_for_once(registry: Registry):
    admission = await registry.an_admission()
    await registry.asks(admission, "cancel")
    assert code_of(await registry.asks(admission, "cancel")) == (409, "cancelling")
    await registry.hears(admission, P.WITHDRAWN, version=1, want_version=2)
    assert code_of(await registry.asks(admission, "no_show")) == (409, "admission_closed")


async def test_a_repeated_click_on_cancel_shows_what_has_come_of_it(registry: Registry):
    admission, click = await registry.an_admission(), {"idempotency-key": str(new_id())}
    assert (await registry.asks(admission, "cancel", headers=click)).status_code == 202
    await registry.hears(admission, P.WITHDRAWN, version=1, want_version=2)
    again = await registry.asks(admission, "cancel", headers=click)
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")


async def test_a_cancelled_patient_may_be_admitted_again(registry: Registry):
    patient, department = await registry.a_patient(), await registry.a_department()
    admission = await registry.an_admission(department, patient)
    await registry.asks(admission, "cancel")
    assert code_of(await ask(registry, patient, department)) == (409, "patient_already_admitted")
    await registry.hears(admission, P.WITHDRAWN, version=1, want_version=2)
    assert (await ask(registry, patient, department)).status_code == 201


# Read


async def test_the_history_tells_every_change_with_who_when_and_why(registry: Registry):
    department = await registry.a_department()
    admission = await registry.an_admission(department)
    await registry.asks(admission, "cancel")
    await registry.hears(admission, P.WITHDRAWN, version=1, want_version=2)

    answer = await registry.staff("nurse", [department]).get(f"/v1/admissions/{admission}/history")

    changes: list[Json] = answer.json()["items"]
    assert [(change["version"], change["what"], change["state"]) for change in changes] == [
        (1, "requested", "requested"),
        (2, "cancelling", "cancelling"),
        (3, "cancelled", "cancelled"),
    ]
    assert [change["reason_code"] for change in changes] == [None, "by_mistake", None]
    assert [change["want"] is None for change in changes] == [False, True, True]
    assert changes[0]["changed_by"].startswith("user/")
    moments = [change["changed_at"] for change in changes]
    assert moments == sorted(moments)
    assert moments[0] <= rfc3339(await registry.admin.fetchval("SELECT clock_timestamp()"))


async def test_admissions_are_read_within_the_own_departments(registry: Registry):
    here, there = await registry.a_department(), await registry.a_department()
    mine, theirs = await registry.an_admission(here), await registry.an_admission(there)
    nurse = registry.staff("nurse", [here])

    listed = (await nurse.get("/v1/admissions")).json()["items"]
    assert [admission["id"] for admission in listed] == [str(mine)]
    assert (await nurse.get(f"/v1/admissions/{mine}")).status_code == 200
    for path in (f"/v1/admissions/{theirs}", f"/v1/admissions/{theirs}/history"):
        assert code_of(await nurse.get(path)) == (403, "forbidden")
    assert code_of(await nurse.get(f"/v1/admissions/{new_id()}")) == (404, "not_found")


async def test_admissions_are_found_by_patient_and_state(registry: Registry):
    department, patient = await registry.a_department(), await registry.a_patient()
    admission = await registry.an_admission(department, patient)
    await registry.hears(admission, P.IN_BED, version=1)
    for query, found in (
        (f"patient_id={patient}", True),
        (f"patient_id={new_id()}", False),
        (f"department_id={department}&state=admitted", True),
        (f"department_id={department}&state=requested", False),
    ):
        listed = (await registry.bed_manager.get(f"/v1/admissions?{query}")).json()["items"]
        assert [one["id"] for one in listed] == ([str(admission)] if found else [])


async def test_no_answer_about_an_admission_says_who_the_patient_is(registry: Registry):
    patient = await registry.a_patient(mrn="Secret-1", name="Secretive, Jane")
    admission = await registry.an_admission(patient=patient)
    for path in ("", f"/{admission}"):
        text = (await registry.bed_manager.get(f"/v1/admissions{path}")).text
        assert "Secret" not in text


NEEDS = {
    "sex": "female",
    "age_band": "adult",
    "isolation": "contact",
    "organism": "mrsa",
    "equipment": ["monitor", "ventilator"],
    "level_of_care": "step_down",
    "specialty": "surgery",
    "room_preference": "single",
}


async def test_an_admission_says_what_the_patient_needs(registry: Registry):
    asked = {
        "patient_id": str(await registry.a_patient()),
        "department_id": str(await registry.a_department()),
        "needs": NEEDS,
        "ready": False,
    }

    admission = (await registry.bed_manager.post("/v1/admissions", json=asked)).json()

    assert (admission["want"]["needs"], admission["want"]["ready"]) == (NEEDS, False)
    change = {"department_id": asked["department_id"], "needs": {"sex": "male"}}
    answer = await registry.bed_manager.put(f"/v1/admissions/{admission['id']}/bed_request", json=change)
    want = answer.json()["want"]
    assert (want["needs"]["sex"], want["needs"]["isolation"], want["ready"]) == ("male", "none", True)


@pytest.mark.parametrize(
    "needs",
    [
        {"isolation": "strict"},
        {"organism": "mrsa"},
        {"isolation": "airborne", "organism": "mrsa"},
        {"equipment": ["a word with spaces"]},
        {"view": "sea"},
        {"sex": 1},
    ],
)
async def test_needs_that_no_rule_knows_are_refused(registry: Registry, needs: dict[str, object]):
    asked = {
        "patient_id": str(await registry.a_patient()),
        "department_id": str(await registry.a_department()),
        "needs": needs,
    }
    assert (await registry.bed_manager.post("/v1/admissions", json=asked)).status_code == 422
