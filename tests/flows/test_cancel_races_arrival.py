"""A cancel at the desk races the arrival at the bedside, in two services that never call each other."""

import asyncio
import time
from collections import Counter
from statistics import median
from typing import NamedTuple

from tests.flows.agreement import agreed
from tests.support.hospital import Department, Hospital
from tests.support.person import Json

RACES = 200
AT_ONCE = 20


class Raced(NamedTuple):
    """The statuses of the two answers, and the seconds that the cancel took."""

    admission_id: str
    cancelled: int
    arrived: int
    seconds: float


async def test_never_is_a_patient_in_a_bed_and_cancelled(hospital: Hospital):
    ward = await hospital.a_department(beds=AT_ONCE)
    outcomes: Counter[tuple[int, int]] = Counter()
    expected: dict[str, tuple[str, str]] = {}
    lead = 0.1
    for round_number in range(RACES // AT_ONCE):
        end = "no_show" if round_number % 4 == 3 else "cancel"
        races = [_race(hospital, ward, end, lead * n / AT_ONCE) for n in range(AT_ONCE)]
        raced = await asyncio.gather(*races)
        outcomes.update((race.cancelled, race.arrived) for race in raced)
        assert set(outcomes) <= {(200, 409), (409, 201)}, outcomes

        final = "no_show" if end == "no_show" else "cancelled"
        for race in raced:
            won = race.cancelled == 200
            expected[race.admission_id] = (final, "withdrawn") if won else ("admitted", "in_bed")
        sides = await agreed(hospital, [race.admission_id for race in raced])
        assert {one: sides[one].states for one in sides} == {one: expected[one] for one in sides}

        in_bed = {one: side.placement for one, side in sides.items() if side.states[1] == "in_bed"}
        await _are_the_only_ones_in_beds(hospital, ward, set(in_bed))
        await asyncio.gather(*(_leaves(hospital, placement) for placement in in_bed.values()))
        expected |= dict.fromkeys(in_bed, ("discharged", "left"))
        lead = 2 * median(race.seconds for race in raced)

    assert len(outcomes) == 2, f"one side always won, nothing was raced: {outcomes}"
    sides = await agreed(hospital, list(expected))
    assert {one: sides[one].states for one in sides} == expected
    assert len(expected) == RACES


async def _race(hospital: Hospital, ward: Department, end: str, lead: float) -> Raced:
    """The cancel gets a lead of some seconds; the leads of a round are spread around the time that a cancel takes."""
    manager = hospital.bed_manager
    admission = await hospital.an_admission(ward)
    assert admission["state"] == "bed_assigned"

    async def cancel() -> tuple[int, float]:
        started = time.monotonic()
        path = f"/v1/admissions/{admission['id']}/{end}"
        answer = await manager.ask("POST", path, {"reason_code": "other"}, headers={"prefer": "wait=10"})
        return answer.status_code, time.monotonic() - started

    async def arrive() -> int:
        await asyncio.sleep(lead)
        return (await manager.ask("POST", f"/v1/placements/{admission['id']}/arrival", {})).status_code

    (cancelled, seconds), arrived = await asyncio.gather(cancel(), arrive())
    return Raced(admission["id"], cancelled, arrived, seconds)


async def _are_the_only_ones_in_beds(hospital: Hospital, ward: Department, in_bed: set[str]) -> None:
    """Every occupied bed has one of these, and the other beds are free."""
    beds = await hospital.bed_manager.list("/v1/beds", department_id=str(ward.id))
    assert {bed["admission_id"] for bed in beds if bed["state"] == "occupied"} == in_bed
    assert not any(bed["admission_id"] for bed in beds if bed["state"] != "occupied")


async def _leaves(hospital: Hospital, placement: Json) -> None:
    """The patient leaves and the bed is made ready again."""
    manager = hospital.bed_manager
    await manager.do(f"/v1/placements/{placement['admission_id']}/departure", {"reason_code": "other"})
    await manager.do(f"/v1/beds/{placement['bed_id']}/ready_override", {"reason_code": "test"})
