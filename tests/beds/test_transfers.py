"""A transfer to another department: asked for, accepted with a bed or declined, and done when the patient is there."""

import asyncio
from typing import NamedTuple
from uuid import UUID

import pytest

from beds.domain.bed import BedState
from beds.handlers.transfers import sweep_expired_transfer
from tests.beds.ward import Json, Ward, code_of


class Journey(NamedTuple):
    """A patient in `bed` of the sending ward, who is to go to the receiving one, where `there` is free."""

    ward: Ward
    sending: UUID
    receiving: UUID
    bed: UUID
    there: UUID
    admission: UUID
    transfer: Json

    async def decide(self, word: str, **body: object):
        decider = self.ward.staff("charge_nurse", [self.receiving])
        return await decider.post(f"/v1/transfers/{self.transfer['id']}/{word}", json=body)

    async def accept(self):
        return await self.decide("accept", bed_id=str(self.there))

    async def now(self) -> Json:
        return await self.ward.transfer(self.transfer["id"])

    async def states(self) -> list[str]:
        return [(await self.ward.bed(bed))["state"] for bed in (self.bed, self.there)]

    async def elapses(self) -> None:
        """The clock reaches the end of the hold."""
        end = await self.ward.lapses(self.there)
        change = "UPDATE transfer SET held_until = $2 WHERE id = $1"
        await self.ward.admin.execute(change, UUID(self.transfer["id"]), end)


@pytest.fixture
async def journey(ward: Ward) -> Journey:
    sending, receiving = await ward.a_department(), await ward.a_department()
    bed, there = await ward.a_bed(sending), await ward.a_bed(receiving)
    admission = await ward.in_bed(sending)
    asked = await ward.staff("nurse", [sending]).post(
        f"/v1/placements/{admission}/transfers", json={"department_id": str(receiving)}
    )
    assert (asked.status_code, asked.json()["state"]) == (201, "requested")
    return Journey(ward, sending, receiving, bed, there, admission, asked.json())


async def test_accepted_a_bed_is_held_and_the_patient_stays_until_he_is_there(journey: Journey):
    accepted = await journey.accept()
    assert (accepted.status_code, accepted.json()["state"], accepted.json()["bed_id"]) == (
        200,
        "accepted",
        str(journey.there),
    )
    assert await journey.states() == ["occupied", "held"]

    nurse = journey.ward.staff("nurse", [journey.receiving])
    arrived = await nurse.post(f"/v1/placements/{journey.admission}/arrival", json={})
    assert arrived.status_code == 201
    shown = arrived.json()
    assert (shown["state"], shown["bed_id"], shown["department_id"]) == (
        "in_bed",
        str(journey.there),
        str(journey.receiving),
    )
    assert (await journey.now())["state"] == "completed"
    assert await journey.states() == ["dirty", "occupied"]
    assert [m["kind"] for m in await journey.ward.movements(journey.admission)] == ["arrival", "move"]


async def test_a_bed_manager_may_simply_move_the_patient_there(journey: Journey):
    await journey.accept()
    other = await journey.ward.a_bed(journey.receiving)
    await journey.ward.moves(journey.admission, other)
    assert (await journey.now())["state"] == "completed"
    assert await journey.states() == ["dirty", "available"], "the held bed is free again"
    assert (await journey.ward.bed(other))["state"] == "occupied"


async def test_without_a_transfer_there_is_no_way_to_another_department(journey: Journey):
    await journey.decide("decline", reason_code="full")
    assert (await journey.now())["reason_code"] == "full"
    move = await journey.ward.bed_manager.post(
        f"/v1/placements/{journey.admission}/moves", json={"bed_id": str(journey.there)}
    )
    assert code_of(move) == (409, "transfer_needed")
    assert code_of(await journey.accept()) == (409, "wrong_state")


async def test_one_transfer_at_a_time_and_to_another_department(journey: Journey):
    path, nurse = (
        f"/v1/placements/{journey.admission}/transfers",
        journey.ward.staff("nurse", [journey.sending]),
    )
    again = await nurse.post(path, json={"department_id": str(journey.receiving)})
    assert code_of(again) == (409, "transfer_pending")
    same = await nurse.post(path, json={"department_id": str(journey.sending)})
    assert code_of(same) == (422, "invalid")
    waiting = await journey.ward.waits_elsewhere()
    answer = await journey.ward.bed_manager.post(
        f"/v1/placements/{waiting}/transfers", json={"department_id": str(journey.receiving)}
    )
    assert code_of(answer) == (409, "not_in_a_bed")


async def test_only_a_free_bed_of_the_receiving_department_is_accepted(journey: Journey):
    elsewhere = await journey.ward.a_bed()
    assert code_of(await journey.decide("accept", bed_id=str(elsewhere))) == (422, "invalid")
    taken = await journey.ward.a_bed(journey.receiving, BedState.OCCUPIED)
    assert code_of(await journey.decide("accept", bed_id=str(taken))) == (409, "bed_taken")
    own = journey.ward.staff("charge_nurse", [journey.sending])
    answer = await own.post(
        f"/v1/transfers/{journey.transfer['id']}/accept", json={"bed_id": str(journey.there)}
    )
    assert code_of(answer) == (403, "forbidden")


async def test_when_the_hold_is_over_it_is_requested_again_and_the_patient_stays(journey: Journey):
    await journey.accept()
    await journey.elapses()
    assert ((await journey.now())["state"], await journey.states()) == (
        "requested",
        ["occupied", "available"],
    )
    async with journey.ward.database.write() as act:
        assert await sweep_expired_transfer(act)
    shown = await journey.now()
    assert (shown["state"], shown["bed_id"], shown["version"]) == ("requested", None, 3)
    assert (await journey.accept()).status_code == 200


async def test_an_expired_acceptance_that_nobody_has_swept_may_be_given_again(journey: Journey):
    await journey.accept()
    await journey.elapses()
    other = await journey.ward.a_bed(journey.receiving)
    assert (await journey.decide("accept", bed_id=str(other))).status_code == 200
    assert (await journey.ward.bed(other))["state"] == "held"
    assert await journey.states() == ["occupied", "available"]


@pytest.mark.parametrize("word", ["decline", "cancel"])
async def test_its_end_frees_the_held_bed(journey: Journey, word: str):
    await journey.accept()
    answer = await journey.ward.bed_manager.post(
        f"/v1/transfers/{journey.transfer['id']}/{word}", json={"reason_code": "changed"}
    )
    assert answer.status_code == 200
    assert await journey.states() == ["occupied", "available"]


async def test_a_move_within_the_department_leaves_it_pending_with_its_hold(journey: Journey):
    await journey.accept()
    await journey.ward.moves(journey.admission, await journey.ward.a_bed(journey.sending))
    assert (await journey.now())["state"] == "accepted"
    assert (await journey.ward.bed(journey.there))["state"] == "held"
    live = (
        "SELECT count(*) FROM occupancy WHERE admission_id = $1 AND kind = 'hold' AND upper(period) > now()"
    )
    assert await journey.ward.admin.fetchval(live, journey.admission) == 1


async def test_a_swap_leaves_it_pending(journey: Journey):
    await journey.accept()
    other = await journey.ward.in_bed(journey.sending, await journey.ward.a_bed(journey.sending))
    body = {"a": str(journey.admission), "b": str(other)}
    assert (await journey.ward.bed_manager.post("/v1/placements/swaps", json=body)).status_code == 201
    assert (await journey.now())["state"] == "accepted"


async def test_who_leaves_or_never_came_is_not_transferred(journey: Journey):
    await journey.accept()
    await journey.ward.departs(journey.admission)
    assert (await journey.now())["state"] == "cancelled"
    assert await journey.states() == ["dirty", "available"]


async def test_a_reversed_arrival_ends_it(journey: Journey):
    await journey.accept()
    body = {"of": "arrival", "reason_code": "wrong_patient"}
    await journey.ward.bed_manager.post(f"/v1/placements/{journey.admission}/reversals", json=body)
    assert (await journey.now())["state"] == "cancelled"
    assert await journey.states() == ["dirty", "available"]


async def test_acceptances_and_a_departure_at_once(journey: Journey):
    """Whoever comes first: the patient is gone, no bed is held for nobody."""
    other = await journey.ward.a_bed(journey.receiving)
    answers = await asyncio.gather(
        journey.accept(),
        journey.decide("accept", bed_id=str(other)),
        journey.ward.bed_manager.post(
            f"/v1/placements/{journey.admission}/departure", json={"reason_code": "home"}
        ),
    )
    assert all(answer.status_code in (200, 409) for answer in answers)
    assert answers[2].status_code == 200
    assert (await journey.now())["state"] == "cancelled"
    assert [(await journey.ward.bed(bed))["state"] for bed in (journey.there, other)] == ["available"] * 2
