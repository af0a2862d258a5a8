"""An admission is where its patient is: departments are followed, and shown in the seeds' word."""

from uuid import UUID

from admissions.domain.admission import PresenceState as P
from tests.admissions.registry import Registry, code_of


async def a_transfer(registry: Registry, began: UUID, ended: UUID) -> UUID:
    admission = await registry.an_admission(began)
    await registry.hears(admission, P.IN_BED, version=2, department=began)
    await registry.hears(admission, P.IN_BED, version=3, department=ended)
    return admission


async def test_after_a_transfer_the_admission_is_in_the_new_department(registry: Registry):
    began, ended = await registry.a_department(), await registry.a_department()
    admission = await a_transfer(registry, began, ended)

    shown = await registry.admission(admission)

    assert (shown["state"], shown["status"]) == ("admitted", "transferred")
    assert (shown["department_id"], shown["arrived_department_id"]) == (str(ended), str(began))
    assert await registry.told(admission) == ["requested", "admitted", "changed"]
    path = f"/v1/admissions/{admission}"
    assert (await registry.staff("nurse", [ended]).get(path)).status_code == 200
    assert code_of(await registry.staff("nurse", [began]).get(path)) == (403, "forbidden")


async def test_a_transfer_that_is_reversed_was_none(registry: Registry):
    began, ended = await registry.a_department(), await registry.a_department()
    admission = await a_transfer(registry, began, ended)
    await registry.hears(admission, P.IN_BED, version=4, department=began)
    shown = await registry.admission(admission)
    assert (shown["department_id"], shown["status"]) == (str(began), "admitted")


async def test_a_move_within_the_department_changes_nothing(registry: Registry):
    here = await registry.a_department()
    admission = await a_transfer(registry, here, here)
    assert (await registry.admission(admission))["version"] == 2


async def test_on_leave_after_a_transfer_and_discharged_where_the_patient_was(registry: Registry):
    began, ended = await registry.a_department(), await registry.a_department()
    admission = await a_transfer(registry, began, ended)
    await registry.hears(admission, P.ON_LEAVE, version=4, department=ended)
    assert (await registry.admission(admission))["status"] == "transferred"
    await registry.hears(admission, P.LEFT, version=5, department=ended)
    left = await registry.admission(admission)
    assert (left["status"], left["department_id"]) == ("discharged", str(ended))
    reopened = (await registry.asks(admission, "reopen")).json()
    assert reopened["want"]["department_id"] == str(ended)


async def test_a_direct_arrival_elsewhere_is_no_transfer(registry: Registry):
    wanted, there = await registry.a_department(), await registry.a_department()
    admission = await registry.an_admission(wanted)
    await registry.hears(admission, P.IN_BED, version=2, department=there)
    shown = await registry.admission(admission)
    assert (shown["status"], shown["department_id"]) == ("admitted", str(there))


async def test_after_a_reversed_arrival_it_is_where_a_bed_is_wanted(registry: Registry):
    wanted, there = await registry.a_department(), await registry.a_department()
    admission = await registry.an_admission(wanted)
    await registry.hears(admission, P.IN_BED, version=2, department=there)
    await registry.hears(admission, P.QUEUED, version=3, refusal="reversed", department=wanted)
    shown = await registry.admission(admission)
    assert (shown["state"], shown["department_id"], shown["arrived_department_id"]) == (
        *("requested", str(wanted)),
        None,
    )
