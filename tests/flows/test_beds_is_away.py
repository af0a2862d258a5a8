"""Beds is away: admissions goes on accepting, and beds catches up with everything once."""

import asyncio

import pytest_asyncio

from tests.flows.agreement import agreed
from tests.support.hospital import Department, Hospital
from tests.support.person import Json
from tests.support.waiting import eventually

BEDS = 3
ADMISSIONS = 8


@pytest_asyncio.fixture
async def ward(hospital: Hospital) -> Department:
    """Known to admissions."""
    ward = await hospital.a_department(beds=BEDS)
    admission = await hospital.an_admission(ward)
    await hospital.bed_manager.do(
        f"/v1/admissions/{admission['id']}/cancel", {"reason_code": "test"}, wait=10
    )
    return ward


async def test_what_was_accepted_completes_exactly_once(hospital: Hospital, ward: Department):
    patients = [await hospital.a_patient() for _ in range(ADMISSIONS + 1)]
    before = await hospital.an_admission(ward, patients.pop())
    assert before["state"] == "bed_assigned"

    await asyncio.to_thread(hospital.stack.stop_process, "beds")
    try:
        first, *rest = patients
        accepted = [await hospital.an_admission(ward, first, wait=1)]
        accepted += [await hospital.an_admission(ward, patient, wait=0) for patient in rest]
        assert all(admission["state"] == "requested" for admission in accepted)
        assert all(admission["placement"] is None for admission in accepted)
        withdrawn = accepted.pop(0)
        for admission in (withdrawn, before):
            path = f"/v1/admissions/{admission['id']}/cancel"
            answer = await hospital.bed_manager.ask("POST", path, {"reason_code": "test"})
            assert (answer.status_code, answer.json()["state"]) == (202, "cancelling")
        away = await hospital.bed_manager.ask("GET", "/v1/beds")
        assert (away.status_code, away.json()["code"]) == (503, "unavailable")
    finally:
        await asyncio.to_thread(hospital.stack.start_process, "beds")

    sides = await agreed(hospital, [a["id"] for a in (withdrawn, before, *accepted)])
    for admission in (withdrawn, before):
        assert sides[admission["id"]].states == ("cancelled", "withdrawn")
    placed = [sides[admission["id"]].placement for admission in accepted]
    assert sorted(p["state"] for p in placed) == ["held"] * BEDS + ["queued"] * (len(placed) - BEDS)
    assert len({p["bed_id"] for p in placed if p["state"] == "held"}) == BEDS
    await _queue_is(hospital, ward, {p["admission_id"] for p in placed if p["state"] == "queued"})
    await _each_was_answered_once(hospital, accepted)


async def test_who_waited_gets_the_next_bed(hospital: Hospital, ward: Department):
    for _ in range(BEDS):
        await hospital.an_admission(ward)
    await asyncio.to_thread(hospital.stack.stop_process, "beds")
    try:
        late = await hospital.an_admission(ward, wait=0)
    finally:
        await asyncio.to_thread(hospital.stack.start_process, "beds")
    await agreed(hospital, [late["id"]])
    await _queue_is(hospital, ward, {late["id"]})

    bed = await hospital.a_bed(ward.id, ward.room, "B-new")
    held = await eventually(lambda: _held(hospital, late["id"]))
    assert held["bed_id"] == str(bed)
    await agreed(hospital, [late["id"]])
    await _queue_is(hospital, ward, set())


async def _held(hospital: Hospital, admission: str) -> Json | None:
    placement = await hospital.bed_manager.read(f"/v1/placements/{admission}")
    return placement if placement["state"] == "held" else None


async def _queue_is(hospital: Hospital, ward: Department, waiting: set[str]) -> None:
    queue = await hospital.bed_manager.list("/v1/placements", department_id=str(ward.id), state="queued")
    assert {placement["admission_id"] for placement in queue} == waiting
    assert all(placement["refusal"] == "no_bed" for placement in queue)


async def _each_was_answered_once(hospital: Hospital, admissions: list[Json]) -> None:
    """A placement is queued once at most and has one bed at most, held or offered; the admission followed each once."""
    auditor = await hospital.staff("auditor")
    for admission in admissions:
        history = await hospital.bed_manager.list(f"/v1/admissions/{admission['id']}/history")
        followed = [change["what"] for change in history]
        assert followed in (["requested", "bed_assigned"], ["requested"])

        async def entered(one: str = f"placement/{admission['id']}") -> list[str]:
            entries = await auditor.list("/v1/audit/entries", entity=one)
            return [entry["action"] for entry in reversed(entries)]

        answers = await eventually(entered)
        assert answers in (["held"], ["queued"], ["queued", "offered"])
