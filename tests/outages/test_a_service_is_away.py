"""One service is away, both of its replicas: what the others promise meanwhile, and that everything settles."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from admissions.events import ADMISSION
from beds.events import BED, PLACEMENT
from tests.flows.agreement import agreed
from tests.outages.house import House
from tests.outages.telling import beds_as_worked, told_once_in_order, versions_of
from tests.outages.working import working
from tests.support.waiting import eventually

#: How long a service stays away at least; `make outages` says three minutes.
OUTAGE_SECONDS = float(os.environ.get("WARDLINE_OUTAGE_SECONDS", "0"))


@asynccontextmanager
async def away(house: House, program: str, path: str) -> AsyncIterator[None]:
    """It answers nothing, and the gateway says so."""
    stopped_at = time.monotonic()
    await house.stop(*house.replicas(program))
    try:
        refused = await house.hospital.admin.ask("GET", path)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert refused.headers["content-type"] == "application/problem+json"
        yield
        await asyncio.sleep(stopped_at + OUTAGE_SECONDS - time.monotonic())
    finally:
        await house.start(*house.replicas(program))


async def test_beds_is_away_and_who_has_waited_longest_goes_first(house: House):
    """Kafka keeps no order between admissions; the queue has that in which they were wanted."""
    hospital = house.hospital
    ward = await hospital.a_department(beds=1)
    in_bed = await hospital.an_admission(ward)
    await hospital.bed_manager.do(f"/v1/placements/{in_bed['id']}/arrival")
    async with away(house, "beds", "/v1/beds"):
        wanted = [(await hospital.an_admission(ward, wait=0))["id"] for _ in range(8)]
        changed = {"department_id": str(ward.id), "priority": "urgent"}
        kept = await hospital.bed_manager.do(f"/v1/admissions/{wanted[0]}/bed_request", changed, method="PUT")
        assert (kept["state"], kept["placement"]) == ("requested", None)

    await agreed(hospital, wanted)
    queue = await hospital.bed_manager.list(
        "/v1/placements", department_id=str(ward.id), state="queued", order="since"
    )
    assert [placement["admission_id"] for placement in queue] == wanted
    await hospital.a_bed(ward.id, ward.room, "B-new")

    async def first_is_placed() -> bool:
        placement = await hospital.bed_manager.read(f"/v1/placements/{wanted[0]}")
        return bool(placement["state"] == "held")

    await eventually(first_is_placed)
    await agreed(hospital, wanted)
    for topic in (ADMISSION, PLACEMENT):
        await told_once_in_order(house, topic, await versions_of(house, topic, wanted))


async def test_admissions_is_away_and_follows_what_has_happened(house: House):
    hospital = house.hospital
    ward = await hospital.a_department(beds=3)
    admissions = [(await hospital.an_admission(ward))["id"] for _ in range(3)]
    async with away(house, "admissions", "/v1/admissions"):
        for admission in admissions:
            await hospital.bed_manager.do(f"/v1/placements/{admission}/arrival")
        await hospital.bed_manager.do(f"/v1/placements/{admissions[0]}/departure", {"reason_code": "home"})
        board = await hospital.bed_manager.list(
            "/v1/beds", department_id=str(ward.id), include="patient_name"
        )
        assert sorted(bed["state"] for bed in board) == ["dirty", "occupied", "occupied"]

    sides = await agreed(hospital, admissions)
    assert [sides[one].states[0] for one in admissions] == ["discharged", "admitted", "admitted"]
    for topic in (ADMISSION, PLACEMENT):
        await told_once_in_order(house, topic, await versions_of(house, topic, admissions))


async def test_audit_is_away_and_the_log_has_everything_afterwards(house: House):
    async with working(house) as work:
        await work.goes_on()
        async with away(house, "audit", "/v1/audit/entries"):
            await work.goes_on(5)
        await work.goes_on()

    assert not work.refused
    await told_once_in_order(house, BED, await beds_as_worked(house, work.done))
