"""Transfers: asked for by one department, decided by the other, done by a move; the patient is never lost between."""

import asyncio
from typing import NamedTuple
from uuid import UUID

import httpx2
import pytest

from beds.domain.bed import BedState
from tests.beds.ward import Json, Ward, code_of


class Case(NamedTuple):
    """A patient in a bed of `origin`, and a free bed of `receiving`."""

    ward: Ward
    origin: UUID
    receiving: UUID
    bed: UUID
    there: UUID
    admission: UUID

    async def asks(self, path: str, role: str = "bed_manager", **body: object) -> httpx2.Response:
        return await self.ward.staff(role).post(
            f"/v1/{path}", json={name: str(value) for name, value in body.items()} or None
        )

    async def requests(self) -> str:
        answer = await self.asks(f"placements/{self.admission}/transfers", department_id=self.receiving)
        assert answer.status_code == 201, answer.text
        transfer: str = answer.json()["id"]
        return transfer

    async def accepts(self, transfer: str, bed: UUID | None = None) -> httpx2.Response:
        return await self.asks(f"transfers/{transfer}/accept", bed_id=bed or self.there)

    async def accepted(self) -> str:
        transfer = await self.requests()
        answer = await self.accepts(transfer)
        assert answer.status_code == 200, answer.text
        return transfer

    async def moves(self, bed: UUID | None = None) -> httpx2.Response:
        return await self.asks(f"placements/{self.admission}/moves", bed_id=bed or self.there)

    async def ends(self, transfer: str, how: str) -> httpx2.Response:
        return await self.asks(f"transfers/{transfer}/{how}", reason_code="test")

    async def transfer(self, transfer: str) -> Json:
        shown: Json = (await self.ward.bed_manager.get(f"/v1/transfers/{transfer}")).json()
        return shown

    async def states(self) -> tuple[str, str]:
        return (await self.ward.bed(self.bed))["state"], (await self.ward.bed(self.there))["state"]


@pytest.fixture
async def case(ward: Ward) -> Case:
    return await a_case(ward)


async def a_case(ward: Ward) -> Case:
    origin, receiving = await ward.a_department(), await ward.a_department()
    bed, there = await ward.a_bed(origin), await ward.a_bed(receiving)
    return Case(ward, origin, receiving, bed, there, await ward.in_bed(origin, bed))


async def test_a_patient_is_transferred(case: Case):
    transfer = await case.requests()
    assert (await case.ward.placement(case.admission))["transfer_id"] == transfer
    accepted = (await case.accepts(transfer)).json()
    assert (accepted["state"], accepted["bed_id"]) == ("accepted", str(case.there))
    assert await case.states() == ("occupied", "held")  # beside the stay

    moved = await case.moves()

    assert moved.status_code == 201
    shown = moved.json()
    assert (shown["bed_id"], shown["department_id"]) == (str(case.there), str(case.receiving))
    assert shown["transfer_id"] is None
    assert await case.states() == ("dirty", "occupied")
    assert (await case.transfer(transfer))["state"] == "completed"
    assert await case.ward.told(UUID(transfer)) == ["requested", "accepted", "completed"]
    assert await case.ward.told(case.admission) == ["held", "arrived", "changed", "moved"]


async def test_without_a_transfer_nobody_moves_to_another_department(case: Case):
    assert code_of(await case.moves()) == (409, "transfer_needed")


async def test_a_move_into_another_bed_of_that_department_completes_it_and_ends_the_hold(case: Case):
    transfer, other = await case.accepted(), await case.ward.a_bed(case.receiving)
    assert (await case.moves(other)).status_code == 201
    assert await case.states() == ("dirty", "available")
    done = await case.transfer(transfer)
    assert (done["state"], done["bed_id"]) == ("completed", str(other))


async def test_a_move_within_the_department_leaves_the_transfer_and_its_hold(case: Case):
    transfer, other = await case.accepted(), await case.ward.a_bed(case.origin)
    assert (await case.moves(other)).json()["transfer_id"] == transfer
    assert await case.states() == ("dirty", "held")
    assert (await case.transfer(transfer))["state"] == "accepted"
    assert (await case.moves()).status_code == 201  # the hold was a live one


async def test_one_transfer_at_a_time_to_another_department_of_somebody_in_a_bed(case: Case):
    path = f"placements/{case.admission}/transfers"
    assert code_of(await case.asks(path, department_id=case.origin)) == (422, "invalid")
    waiting = await case.ward.waits_elsewhere()
    refused = await case.asks(f"placements/{waiting}/transfers", department_id=case.receiving)
    assert code_of(refused) == (409, "not_in_a_bed")
    await case.requests()
    assert code_of(await case.asks(path, department_id=case.receiving)) == (409, "transfer_pending")


async def test_when_the_hold_expires_the_transfer_is_requested_again_and_the_patient_stays(case: Case):
    transfer = await case.accepted()
    await case.ward.lapses(case.there)

    shown = await case.transfer(transfer)
    assert (shown["state"], shown["bed_id"], shown["held_until"]) == ("requested", None, None)
    listed = await case.ward.bed_manager.get(f"/v1/transfers?department_id={case.receiving}&state=requested")
    assert [one["id"] for one in listed.json()["items"]] == [transfer]
    assert await case.states() == ("occupied", "available")
    await case.ward.sweeps_all()
    assert await case.ward.told(UUID(transfer)) == ["requested", "accepted", "requested"]
    assert (await case.ward.told(case.there))[-1] == "hold_expired"
    assert (await case.ward.placement(case.admission))["state"] == "in_bed"


@pytest.mark.parametrize("swept", [False, True])
async def test_after_the_hold_has_expired_it_is_accepted_again_and_done(case: Case, swept: bool):
    transfer, other = await case.accepted(), await case.ward.a_bed(case.receiving)
    assert code_of(await case.accepts(transfer, other)) == (409, "wrong_state")
    await case.ward.lapses(case.there)
    if swept:
        await case.ward.sweeps_all()
    assert (await case.accepts(transfer, other)).status_code == 200
    assert await case.states() == ("occupied", "available")
    assert (await case.moves(other)).status_code == 201


async def test_an_expired_hold_does_not_keep_the_bed_from_others(case: Case):
    transfer, waiting = await case.accepted(), await case.ward.waits_elsewhere()
    await case.ward.lapses(case.there)
    await case.ward.holds(waiting, case.there)
    await case.ward.sweeps_all()
    assert (await case.ward.bed(case.there))["admission_id"] == str(waiting)
    assert (await case.transfer(transfer))["state"] == "requested"
    assert code_of(await case.moves()) == (409, "held_for_another")


@pytest.mark.parametrize(("how", "state"), [("decline", "declined"), ("cancel", "cancelled")])
async def test_a_transfer_that_is_declined_or_cancelled_gives_the_bed_back(case: Case, how: str, state: str):
    transfer = await case.accepted()
    ended = (await case.ends(transfer, how)).json()
    assert (ended["state"], ended["reason_code"], ended["bed_id"]) == (state, "test", None)
    assert await case.states() == ("occupied", "available")
    assert (await case.ward.placement(case.admission))["transfer_id"] is None
    assert code_of(await case.ends(transfer, how)) == (409, "wrong_state")
    assert code_of(await case.accepts(transfer)) == (409, "wrong_state")
    await case.requests()


async def test_a_released_hold_leaves_the_transfer_requested(case: Case):
    transfer = await case.accepted()
    hold = (await case.transfer(transfer))["hold_id"]
    assert (await case.ward.bed_manager.delete(f"/v1/beds/{case.there}/holds/{hold}")).status_code == 204
    assert (await case.transfer(transfer))["state"] == "requested"
    assert await case.states() == ("occupied", "available")


@pytest.mark.parametrize("end", ["departure", "reversals"])
async def test_a_departure_and_a_reversed_arrival_end_the_transfer_and_its_hold(case: Case, end: str):
    transfer = await case.accepted()
    body = {"reason_code": "home"} if end == "departure" else {"of": "arrival", "reason_code": "mistake"}
    assert (await case.asks(f"placements/{case.admission}/{end}", **body)).is_success
    assert (await case.transfer(transfer))["state"] == "cancelled"
    assert await case.states() == ("dirty", "available")


async def test_a_swap_with_the_department_keeps_the_transfer(case: Case):
    transfer = await case.accepted()
    neighbour = await case.ward.in_bed(case.origin, await case.ward.a_bed(case.origin))
    assert (await case.asks("placements/swaps", a=case.admission, b=neighbour)).status_code == 201
    assert (await case.transfer(transfer))["state"] == "accepted"
    assert (await case.ward.bed(case.there))["state"] == "held"


async def test_a_swap_between_two_departments_completes_both_transfers(case: Case):
    other = await case.ward.in_bed(case.receiving, await case.ward.a_bed(case.receiving))
    transfers = [await case.accepted()]
    refused = await case.asks("placements/swaps", a=case.admission, b=other)
    assert code_of(refused) == (409, "transfer_needed")
    path = f"placements/{other}/transfers"
    transfers.append((await case.asks(path, department_id=case.origin)).json()["id"])

    assert (await case.asks("placements/swaps", a=case.admission, b=other)).status_code == 201

    assert [(await case.transfer(one))["state"] for one in transfers] == ["completed", "completed"]
    assert (await case.ward.placement(case.admission))["department_id"] == str(case.receiving)
    assert await case.states() == ("occupied", "available")


async def test_a_transfer_that_was_done_by_mistake_is_reversed(case: Case):
    await case.accepted()
    await case.moves()
    mistake = {"of": "move", "reason_code": "mistake"}
    back = await case.asks(f"placements/{case.admission}/reversals", **mistake)
    assert (back.status_code, back.json()["department_id"]) == (201, str(case.origin))
    assert await case.states() == ("occupied", "dirty")


async def test_only_a_clean_free_bed_of_that_department_is_accepted(case: Case):
    transfer = await case.requests()
    elsewhere, dirty = (
        await case.ward.a_bed(case.origin),
        await case.ward.a_bed(case.receiving, BedState.DIRTY),
    )
    assert code_of(await case.accepts(transfer, elsewhere)) == (422, "invalid")
    assert code_of(await case.accepts(transfer, dirty)) == (409, "bed_not_ready")
    taken = await case.ward.a_bed(case.receiving, BedState.OCCUPIED)
    assert code_of(await case.accepts(transfer, taken)) == (409, "bed_taken")


async def test_the_receiving_department_decides_and_either_side_brings_the_patient(case: Case):
    transfer = await case.requests()
    sending = case.ward.staff("charge_nurse", [case.origin])
    receiving = case.ward.staff("charge_nurse", [case.receiving])
    bed = {"bed_id": str(case.there)}
    refused = await sending.post(f"/v1/transfers/{transfer}/accept", json=bed)
    assert code_of(refused) == (403, "forbidden")
    early = await sending.post(f"/v1/placements/{case.admission}/moves", json=bed)
    assert code_of(early) == (403, "forbidden")  # not accepted yet: the bed is not theirs to give
    assert (await receiving.post(f"/v1/transfers/{transfer}/accept", json=bed)).status_code == 200
    assert (await sending.post(f"/v1/placements/{case.admission}/moves", json=bed)).status_code == 201


async def test_two_departments_accept_nothing_twice(case: Case):
    """Two beds for one transfer, at once: one is held."""
    other, transfer = await case.ward.a_bed(case.receiving), await case.requests()
    answers = await asyncio.gather(case.accepts(transfer), case.accepts(transfer, other))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    states = [(await case.ward.bed(bed))["state"] for bed in (case.there, other)]
    assert sorted(states) == ["available", "held"]


async def test_an_acceptance_and_a_departure_at_once_leave_no_hold(ward: Ward):
    for _ in range(5):
        case = await a_case(ward)
        transfer = await case.requests()
        acceptance, _ = await asyncio.gather(case.accepts(transfer), ward.departs(case.admission))
        assert acceptance.is_success or code_of(acceptance) == (409, "wrong_state")
        assert (await case.transfer(transfer))["state"] == "cancelled"
        assert await case.states() == ("dirty", "available")


async def test_a_swap_and_a_move_to_the_other_department_at_once(ward: Ward):
    for _ in range(5):
        case = await a_case(ward)
        neighbour = await ward.in_bed(case.origin, await ward.a_bed(case.origin))
        await case.accepted()
        swap, move = await asyncio.gather(
            case.asks("placements/swaps", a=case.admission, b=neighbour), case.moves()
        )
        assert move.status_code == 201
        assert swap.status_code == 201 or code_of(swap) == (409, "transfer_needed")
        assert (await ward.placement(case.admission))["bed_id"] == str(case.there)


async def test_a_move_into_a_bed_whose_hold_is_over_leaves_the_hold_of_the_transfer_alone(case: Case):
    """The hold was somebody else's, and nobody has swept it yet."""
    transfer = await case.accepted()
    other = await case.ward.a_bed(case.origin)
    await case.ward.holds(await case.ward.waits_elsewhere(), other)
    await case.ward.lapses(other)

    assert (await case.moves(other)).status_code == 201

    live = "SELECT bed_id FROM occupancy WHERE admission_id = $1 AND kind = 'hold' AND upper(period) > now()"
    assert await case.ward.admin.fetchval(live, case.admission) == case.there
    assert (await case.transfer(transfer))["state"] == "accepted"
