"""An admission that should never have been is closed; what was recorded of it stays."""

import pytest

from admissions.domain.admission import PresenceState as P
from common.ids import new_id
from tests.admissions.registry import Registry, code_of


async def test_one_that_waits_is_closed_once_beds_has_let_go(registry: Registry):
    patient = await registry.a_patient()
    admission = await registry.an_admission(patient=patient)
    answer = await registry.asks(admission, "entered_in_error")
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelling")
    assert answer.json()["target"] == "entered_in_error"

    await registry.hears(admission, P.WITHDRAWN, version=1, want_version=2)

    shown = await registry.admission(admission)
    assert (shown["state"], shown["status"]) == ("entered_in_error", "entered_in_error")
    assert await registry.told(admission) == ["requested", "cancelling", "entered_in_error"]
    await registry.an_admission(patient=patient)  # the right one


async def test_a_patient_in_a_bed_has_to_leave_it_first(registry: Registry):
    admission = await registry.an_arrival()
    assert code_of(await registry.asks(admission, "entered_in_error")) == (409, "already_arrived")


async def test_who_arrived_meanwhile_is_admitted(registry: Registry):
    admission = await registry.an_admission()
    await registry.asks(admission, "entered_in_error")
    await registry.hears(admission, P.IN_BED, version=2, want_version=2)
    assert (await registry.admission(admission))["state"] == "admitted"


async def test_after_the_departure_it_is_closed_at_once_and_stays_to_be_read(registry: Registry):
    department = await registry.a_department()
    admission = await registry.an_arrival(department)
    await registry.hears(admission, P.LEFT, version=3)

    answer = await registry.asks(admission, "entered_in_error")

    assert (answer.status_code, answer.json()["state"]) == (200, "entered_in_error")
    assert answer.json()["reason_code"] == "by_mistake"
    path = f"/v1/admissions/{admission}/history"
    changes = (await registry.staff("nurse", [department]).get(path)).json()["items"]
    told = ["requested", "admitted", "discharged", "entered_in_error"]
    assert [change["what"] for change in changes] == told
    listed = await registry.bed_manager.get("/v1/admissions?state=entered_in_error&limit=200")
    assert str(admission) in [one["id"] for one in listed.json()["items"]]


@pytest.mark.parametrize("act", ["entered_in_error", "reopen", "cancel"])
async def test_nothing_more_becomes_of_it(registry: Registry, act: str):
    admission = await registry.an_arrival()
    await registry.hears(admission, P.LEFT, version=3)
    await registry.asks(admission, "entered_in_error")
    refused = {"reopen": "not_discharged"}.get(act, "admission_closed")
    assert code_of(await registry.asks(admission, act)) == (409, refused)


async def test_a_reopened_one_is_closed_with_its_earlier_stay(registry: Registry):
    admission = await registry.an_arrival()
    await registry.hears(admission, P.LEFT, version=3)
    await registry.asks(admission, "reopen")
    want_version = (await registry.asks(admission, "entered_in_error")).json()["want_version"]
    await registry.hears(admission, P.LEFT, version=4, want_version=want_version)
    assert (await registry.admission(admission))["state"] == "entered_in_error"


async def test_who_may_say_so(registry: Registry):
    here = await registry.a_department()
    path = f"/v1/admissions/{await registry.an_admission(here)}/entered_in_error"
    for role, departments in (("nurse", [here]), ("physician", [here]), ("charge_nurse", [new_id()])):
        answer = await registry.staff(role, departments).post(path, json={"reason_code": "by_mistake"})
        assert code_of(answer) == (403, "forbidden")
    answer = await registry.staff("charge_nurse", [here]).post(path, json={"reason_code": "by_mistake"})
    assert answer.status_code == 202
