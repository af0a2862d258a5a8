"""A cancel at the desk races the arrival at the bedside, in two services that never call each other."""

import asyncio
from collections import Counter
from uuid import UUID

from tests.flows.agreement import agreed
from tests.support.hospital import Department, Hospital
from tests.support.person import Json

RACES = 200
AT_ONCE = 20
CLOSED = ("cancelled", "no_show")


async def test_never_is_a_patient_in_a_bed_and_cancelled(hospital: Hospital):
    ward = await hospital.a_department(beds=AT_ONCE)
    outcomes: Counter[tuple[int, int]] = Counter()
    for round_number in range(RACES // AT_ONCE):
        raced = await asyncio.gather(*(_race(hospital, ward, n + round_number) for n in range(AT_ONCE)))
        for cancelled, arrived, admission in raced:
            outcomes[cancelled, arrived] += 1
            assert (cancelled, arrived) in {(200, 409), (409, 201)}, admission
        sides = await agreed(hospital, ward)
        for cancelled, _, admission in raced:
            desk, bedside = sides[admission["id"]]
            seen = desk["state"], bedside["state"]
            assert seen == (("cancelled", "withdrawn") if cancelled == 200 else ("admitted", "in_bed"))
        await _the_beds_agree(
            hospital, ward, {one for one, (_, p) in sides.items() if p["state"] == "in_bed"}
        )
        await _clear(hospital, ward)
    assert len(outcomes) == 2, f"one side always won: {outcomes}"
    assert sum(outcomes.values()) == RACES


async def _race(hospital: Hospital, ward: Department, n: int) -> tuple[int, int, Json]:
    """The statuses of the cancel and of the arrival, which start at the same moment or one a little later."""
    manager = hospital.bed_manager
    admission = await hospital.an_admission(ward)
    assert admission["state"] == "bed_assigned"
    end = ("cancel", "no_show")[n % 2] if n % 4 == 3 else "cancel"

    async def cancel() -> int:
        await asyncio.sleep(max(0, n % 5 - 2) / 1000)  # who is first varies; nothing is awaited by this
        body, prefer = {"reason_code": "other"}, {"prefer": "wait=10"}
        path = f"/v1/admissions/{admission['id']}/{end}"
        return (await manager.ask("POST", path, body, headers=prefer)).status_code

    async def arrive() -> int:
        await asyncio.sleep(n % 7 * 2 / 1000)
        return (await manager.ask("POST", f"/v1/placements/{admission['id']}/arrival", {})).status_code

    cancelled, arrived = await asyncio.gather(cancel(), arrive())
    return cancelled, arrived, admission


async def _the_beds_agree(hospital: Hospital, ward: Department, in_bed: set[str]) -> None:
    """Every occupied bed has a patient with a placement there, and the other beds are free."""
    beds = await hospital.bed_manager.list("/v1/beds", department_id=str(ward.id))
    assert {bed["admission_id"] for bed in beds if bed["state"] == "occupied"} == in_bed
    assert not any(bed["admission_id"] for bed in beds if bed["state"] != "occupied")


async def _clear(hospital: Hospital, ward: Department) -> None:
    """Everybody leaves and every bed is made ready again."""
    manager = hospital.bed_manager
    present = await manager.list("/v1/placements", department_id=str(ward.id), state="in_bed")

    async def leaves(placement: Json) -> None:
        await manager.do(f"/v1/placements/{placement['admission_id']}/departure", {"reason_code": "test"})
        bed = UUID(placement["bed_id"])
        await manager.do(f"/v1/beds/{bed}/ready_override", {"reason_code": "test"})

    await asyncio.gather(*(leaves(placement) for placement in present))
