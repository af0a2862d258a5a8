"""A departure is reversed (A13): the admission is open again for the next stay."""

from uuid import UUID

import httpx2
import pytest

from admissions.domain.admission import PresenceState as P
from common.ids import new_id
from tests.admissions.registry import Registry, code_of


async def a_discharge(
    registry: Registry, department: UUID | None = None, patient: UUID | None = None
) -> UUID:
    """Whose discharge was confirmed, and who has left."""
    admission = await registry.an_admission(department, patient)
    await registry.hears(admission, P.IN_BED, version=2, department=department)
    confirmation = f"/v1/admissions/{admission}/discharge_confirmation"
    await registry.staff("physician").post(confirmation, json={"disposition": "home"})
    await registry.hears(admission, P.LEFT, version=3)
    return admission


async def test_a_discharged_admission_is_requested_again_for_the_next_stay(registry: Registry):
    department = await registry.a_department()
    admission = await a_discharge(registry, department)

    answer = await registry.asks(admission, "reopen")

    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["status"]) == (200, "requested", "pending")
    assert (shown["stay_number"], shown["want_version"]) == (2, shown["version"])
    assert (shown["want"]["department_id"], shown["want"]["bed_id"]) == (str(department), None)
    assert shown["want"]["requested_at"] == shown["changed_at"]  # the wait begins anew
    assert (shown["reason_code"], shown["left_unconfirmed"]) == ("by_mistake", False)
    assert (await registry.told(admission))[-2:] == ["discharged", "reopened"]
    history = await registry.staff("nurse", [department]).get(f"/v1/admissions/{admission}/history")
    assert history.json()["items"][-1]["reason_code"] == "by_mistake"


async def test_it_is_reopened_once(registry: Registry):
    admission = await a_discharge(registry)
    assert (await registry.asks(admission, "reopen")).status_code == 200
    assert code_of(await registry.asks(admission, "reopen")) == (409, "not_discharged")


@pytest.mark.parametrize("state", ["requested", "admitted", "cancelled"])
async def test_only_who_has_left_is_taken_back(registry: Registry, state: str):
    admission = await registry.an_admission()
    if state == "admitted":
        await registry.hears(admission, P.IN_BED, version=2)
    if state == "cancelled":
        await registry.asks(admission, "cancel")
        await registry.hears(admission, P.WITHDRAWN, version=2, want_version=2)
    assert code_of(await registry.asks(admission, "reopen")) == (409, "not_discharged")


async def test_not_while_the_patient_has_another_open_admission(registry: Registry):
    patient = await registry.a_patient()
    admission = await a_discharge(registry, patient=patient)
    await registry.an_admission(patient=patient)
    assert code_of(await registry.asks(admission, "reopen")) == (409, "patient_already_admitted")
    assert (await registry.admission(admission))["state"] == "discharged"


async def test_an_erased_patient_is_not_taken_back(registry: Registry):
    patient = await registry.a_patient()
    admission = await a_discharge(registry, patient=patient)
    erasure = {"patient_id": str(patient), "reason_code": "court_order"}
    await registry.staff("admin").post(f"/v1/patients/{patient}/erasure", json=erasure)
    assert code_of(await registry.asks(admission, "reopen")) == (410, "patient_erased")


async def test_late_answers_about_the_stay_before_do_no_harm(registry: Registry):
    admission = await a_discharge(registry)
    await registry.asks(admission, "reopen")
    for late in (P.IN_BED, P.LEFT):
        assert not await registry.hears(admission, late, version=9)  # still to the want of the first stay
    assert (await registry.admission(admission))["state"] == "requested"


async def test_whoever_arrives_again_is_not_discharged_on_paper_any_more(registry: Registry):
    admission = await a_discharge(registry)
    reopened = (await registry.asks(admission, "reopen")).json()
    assert reopened["disposition"] == "home"
    await registry.hears(admission, P.IN_BED, version=4, want_version=reopened["want_version"])
    shown = await registry.admission(admission)
    assert (shown["state"], shown["disposition"], shown["left_at"]) == ("admitted", None, None)
    assert (shown["discharge_confirmed_at"], shown["confirmed_left_due_at"]) == (None, None)


async def test_a_reopening_that_is_cancelled_leaves_the_discharge_as_it_was(registry: Registry):
    admission = await a_discharge(registry)
    left_at = (await registry.admission(admission))["left_at"]
    await registry.asks(admission, "reopen")
    want_version = (await registry.asks(admission, "cancel")).json()["want_version"]
    await registry.hears(admission, P.LEFT, version=4, want_version=want_version)
    shown = await registry.admission(admission)
    assert (shown["state"], shown["disposition"], shown["left_at"]) == ("discharged", "home", left_at)


async def reopen(who: httpx2.AsyncClient, admission: UUID) -> httpx2.Response:
    return await who.post(f"/v1/admissions/{admission}/reopen", json={"reason_code": "by_mistake"})


async def test_who_may_reopen(registry: Registry):
    here = await registry.a_department()
    admission = await a_discharge(registry, here)
    for role, departments in (("nurse", [here]), ("physician", [here]), ("unit_manager", [new_id()])):
        assert code_of(await reopen(registry.staff(role, departments), admission)) == (403, "forbidden")
    assert (await reopen(registry.staff("unit_manager", [here]), admission)).status_code == 200
    assert code_of(await reopen(registry.staff("bed_manager"), new_id())) == (404, "not_found")


async def test_a_cancel_that_comes_too_late_after_a_reopening_keeps_no_discharge(registry: Registry):
    """The patient has arrived again: whatever paper said of the stay before is over."""
    admission = await a_discharge(registry)
    await registry.asks(admission, "reopen")
    want_version = (await registry.asks(admission, "cancel")).json()["want_version"]
    await registry.hears(admission, P.IN_BED, version=4, want_version=want_version)
    shown = await registry.admission(admission)
    assert (shown["state"], shown["disposition"], shown["left_at"]) == ("admitted", None, None)
    assert shown["discharge_confirmed_at"] is None
