"""A transfer says what the patient needs in the receiving department, and there the placement rules go by it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest

from beds.domain.layout import LevelOfCare
from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Isolation, Needs
from common.ids import new_id
from tests.beds.ward import Json, Ward, code_of

FLU = {"isolation": "droplet", "organism": "influenza_a"}
INTENSIVE = {"level_of_care": "intensive"}
MISTAKE = {"of": "move", "reason_code": "mistake"}


@dataclass
class Case:
    """A patient in a bed of a ward, and an intensive care unit with two beds in a room."""

    ward: Ward
    origin: UUID
    bed: UUID
    unit: UUID
    beds: list[UUID]
    admission: UUID
    patient: UUID
    now: datetime

    async def asks(self, path: str, **body: Any) -> httpx2.Response:
        return await self.ward.bed_manager.post(f"/v1/{path}", json=body)

    async def requests(self, needs: Json | None = None, to: UUID | None = None) -> str:
        body = {"department_id": str(to or self.unit)} | ({} if needs is None else {"needs": needs})
        answer = await self.asks(f"placements/{self.admission}/transfers", **body)
        assert answer.status_code == 201, answer.text
        transfer: str = answer.json()["id"]
        return transfer

    async def accepts(self, transfer: str, bed: UUID) -> httpx2.Response:
        return await self.asks(f"transfers/{transfer}/accept", bed_id=str(bed))

    async def moves(self, bed: UUID) -> httpx2.Response:
        return await self.asks(f"placements/{self.admission}/moves", bed_id=str(bed))

    async def needs(self) -> Json:
        needs: Json = (await self.ward.placement(self.admission))["needs"]
        return needs

    def wants(self, needs: Needs, version: int, stay: int = 1) -> Wish:
        want = Want(self.origin, None, Priority.URGENT, needs, True, self.now)
        return Wish(self.admission, self.patient, want, version, stay)


@pytest.fixture
async def case(ward: Ward) -> Case:
    origin, unit, patient = await ward.a_department(), await ward.a_department(), new_id()
    room = await ward.a_room(unit, level_of_care=LevelOfCare.INTENSIVE)
    beds = [await ward.a_bed(unit, room=room) for _ in range(2)]
    bed = await ward.a_bed(origin)
    admission = await ward.in_bed(origin, bed, patient)
    return Case(ward, origin, bed, unit, beds, admission, patient, await ward.now())


async def test_what_is_needed_there_becomes_what_the_patient_needs(case: Case):
    transfer = await case.requests(INTENSIVE | FLU)
    assert (await case.needs())["level_of_care"] == "ward"
    (shown,) = (await case.ward.bed_manager.get(f"/v1/departments/{case.unit}/board")).json()["transfers"]
    assert shown["needs"]["organism"] == "influenza_a"

    assert (await case.accepts(transfer, case.beds[0])).status_code == 200
    moved = (await case.moves(case.beds[0])).json()

    assert (moved["needs"]["level_of_care"], moved["needs"]["isolation"]) == ("intensive", "droplet")
    beside = await case.ward.waits_elsewhere()
    hold = await case.asks(f"beds/{case.beds[1]}/holds", admission_id=str(beside))
    assert code_of(hold) == (409, "placement_rule_failed")  # nobody beside the flu


async def test_a_bed_that_does_not_suit_what_is_needed_there_is_not_accepted(case: Case):
    await case.ward.in_bed(case.unit, case.beds[1])
    transfer = await case.requests(FLU)
    assert code_of(await case.accepts(transfer, case.beds[0])) == (409, "placement_rule_failed")
    assert code_of(await case.moves(case.beds[0])) == (409, "placement_rule_failed")
    assert (await case.ward.placement(case.admission))["bed_id"] == str(case.bed)


async def test_when_the_patient_comes_there_it_is_judged_again(case: Case):
    transfer = await case.requests(FLU)
    assert (await case.accepts(transfer, case.beds[0])).status_code == 200
    await case.ward.admin.execute(  # somebody who was beside before beds heard of any rule
        "UPDATE placement SET needs = '{}' WHERE admission_id = $1", case.admission
    )
    beside = await case.ward.waits_elsewhere()
    override = {"override": {"reason_code": "emergency"}}
    hold = await case.asks(f"beds/{case.beds[1]}/holds", admission_id=str(beside), **override)
    assert hold.status_code == 201
    assert code_of(await case.moves(case.beds[0])) == (409, "placement_rule_failed")


async def test_on_the_way_the_patient_needs_what_was_needed_before(case: Case):
    await case.requests(INTENSIVE)
    assert (await case.moves(await case.ward.a_bed(case.origin))).json()["needs"]["level_of_care"] == "ward"


async def test_without_needs_those_that_the_patient_has_count(case: Case):
    transfer = await case.requests()
    await case.ward.says(case.wants(Needs(isolation=Isolation.CONTACT, organism="mrsa"), 2))
    await case.ward.in_bed(case.unit, case.beds[1])
    assert code_of(await case.accepts(transfer, case.beds[0])) == (409, "placement_rule_failed")


async def test_a_later_want_counts_for_the_placement_and_the_same_again_takes_nothing_back(case: Case):
    await case.requests(INTENSIVE)
    await case.moves(case.beds[0])
    await case.ward.says(case.wants(Needs(), 2))  # as it was wanted from the first
    assert (await case.needs())["level_of_care"] == "intensive"
    await case.ward.says(case.wants(Needs(specialty="cardiology"), 3))
    assert ((await case.needs())["specialty"], (await case.needs())["level_of_care"]) == (
        "cardiology",
        "ward",
    )


async def test_who_is_admitted_again_needs_what_is_wanted_then(case: Case):
    await case.requests(INTENSIVE)
    await case.moves(case.beds[0])
    await case.ward.departs(case.admission)
    await case.ward.says(case.wants(Needs(), 2, stay=2))
    assert (await case.needs())["level_of_care"] == "ward"


async def test_a_transfer_that_is_taken_back_takes_its_needs_back(case: Case):
    """Else the ward would not do for the patient who has come back to it."""
    room = await case.ward.a_room(case.origin)
    await case.ward.admin.execute("UPDATE bed SET room_id = $2 WHERE id = $1", case.bed, room)
    await case.requests(INTENSIVE)
    await case.moves(case.beds[0])
    back = await case.asks(f"placements/{case.admission}/reversals", **MISTAKE)
    assert (back.status_code, back.json()["needs"]["level_of_care"]) == (201, "ward")


async def test_what_was_said_since_is_not_taken_back(case: Case):
    await case.requests(INTENSIVE)
    await case.moves(case.beds[0])
    await case.ward.says(case.wants(Needs(specialty="cardiology"), 2))
    back = await case.asks(f"placements/{case.admission}/reversals", **MISTAKE)
    assert back.json()["needs"]["specialty"] == "cardiology"


async def test_an_organism_goes_with_an_isolation(case: Case):
    body = {"department_id": str(case.unit), "needs": {"organism": "mrsa"}}
    answer = await case.asks(f"placements/{case.admission}/transfers", **body)
    assert code_of(answer) == (422, "invalid")


async def test_a_department_that_nobody_knows_is_refused_as_such(case: Case):
    answer = await case.asks(f"placements/{case.admission}/transfers", department_id=str(new_id()))
    assert code_of(answer) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["body.department_id"]


async def test_after_a_move_is_taken_back_the_transfer_is_on_the_board_of_where_the_patient_is(case: Case):
    await case.requests()
    await case.moves(case.beds[0])
    further = await case.requests(to=await case.ward.a_department())
    assert (await case.asks(f"placements/{case.admission}/reversals", **MISTAKE)).status_code == 201

    async def outgoing(department: UUID) -> list[tuple[str, str]]:
        board = (await case.ward.bed_manager.get(f"/v1/departments/{department}/board")).json()
        return [(one["id"], one["from_department_id"]) for one in board["transfers"]]

    assert await outgoing(case.origin) == [(further, str(case.origin))]
    assert await outgoing(case.unit) == []
