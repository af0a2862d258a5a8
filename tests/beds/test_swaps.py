"""Two patients change places."""

import asyncio
from uuid import UUID

from beds.domain.layout import SexPolicy
from beds.domain.rules import Needs, PatientSex
from tests.beds.ward import Ward, code_of

FEMALE, MALE = PatientSex.FEMALE, PatientSex.MALE


async def swap(ward: Ward, a: UUID, b: UUID):
    return await ward.bed_manager.post("/v1/placements/swaps", json={"a": str(a), "b": str(b)})


async def two_in_bed(ward: Ward) -> tuple[UUID, UUID, UUID, UUID]:
    department = await ward.a_department()
    left, right = await ward.a_bed(department), await ward.a_bed(department)
    return left, right, await ward.in_bed(department, left), await ward.in_bed(department, right)


async def test_each_is_in_the_bed_of_the_other(ward: Ward):
    left, right, ann, bob = await two_in_bed(ward)

    answer = await swap(ward, ann, bob)

    assert (answer.status_code, answer.json()["admission_id"], answer.json()["bed_id"]) == (
        201,
        str(ann),
        str(right),
    )
    assert (await ward.placement(bob))["bed_id"] == str(left)
    beds = [await ward.bed(bed) for bed in (left, right)]
    assert [(bed["state"], bed["admission_id"]) for bed in beds] == [
        ("occupied", str(bob)),
        ("occupied", str(ann)),
    ]
    for admission, came_from, now_in in ((ann, left, right), (bob, right, left)):
        moved = (await ward.movements(admission))[-1]
        assert (moved["kind"], moved["from_bed_id"], moved["to_bed_id"]) == (
            "move",
            str(came_from),
            str(now_in),
        )
        assert (await ward.told(admission))[-1] == "moved"


async def test_back_again_is_another_swap(ward: Ward):
    left, right, ann, bob = await two_in_bed(ward)
    await swap(ward, ann, bob)
    assert (await swap(ward, bob, ann)).status_code == 201
    assert (await ward.placement(ann))["bed_id"] == str(left)
    assert (await ward.placement(bob))["bed_id"] == str(right)


async def test_it_takes_two_patients_in_beds_of_one_department(ward: Ward):
    _, _, ann, _ = await two_in_bed(ward)
    _, _, elsewhere, _ = await two_in_bed(ward)
    waiting = await ward.waits_elsewhere()
    assert code_of(await swap(ward, ann, ann)) == (422, "invalid")
    assert code_of(await swap(ward, ann, waiting)) == (409, "not_in_a_bed")
    assert code_of(await swap(ward, ann, elsewhere)) == (409, "transfer_needed")
    assert [m["kind"] for m in await ward.movements(ann)] == ["arrival"]


async def test_a_swap_races_departures_and_moves(ward: Ward):
    """Whoever comes first: nobody is lost, and no bed has two."""
    department = await ward.a_department()
    spare = await ward.a_bed(department)
    left, right = await ward.a_bed(department), await ward.a_bed(department)
    ann, bob = await ward.in_bed(department, left), await ward.in_bed(department, right)
    answers = await asyncio.gather(
        swap(ward, ann, bob),
        swap(ward, bob, ann),
        ward.bed_manager.post(f"/v1/placements/{ann}/moves", json={"bed_id": str(spare)}),
        ward.bed_manager.post(f"/v1/placements/{bob}/departure", json={"reason_code": "home"}),
    )
    assert all(answer.status_code in (200, 201, 409) for answer in answers)
    assert (await ward.placement(bob))["state"] == "left"
    placed = await ward.placement(ann)
    occupied = [bed for bed in (spare, left, right) if (await ward.bed(bed))["state"] == "occupied"]
    assert [str(bed) for bed in occupied] == [placed["bed_id"]]


async def test_two_who_are_together_by_an_override_may_change_places_in_their_room(ward: Ward):
    """And are known to be together only by it, also after that."""
    department = await ward.a_department()
    room = await ward.a_room(department, sex_policy=SexPolicy.FIRST_OCCUPANT)
    left, right = await ward.a_bed(department, room=room), await ward.a_bed(department, room=room)
    ann = await ward.waits_for(department, bed=left, needs=Needs(sex=PatientSex.FEMALE))
    bob = await ward.waits_elsewhere(needs=Needs(sex=PatientSex.MALE))
    await ward.arrives(ann)
    override = {"override": {"reason_code": "no_other_bed"}}
    await ward.does("/v1/placements/{}/arrival", bob, role="bed_manager", bed_id=str(right), **override)

    assert (await swap(ward, ann, bob)).status_code == 201

    assert (await ward.bed(left))["overridden"] == ["first_occupant"]
    assert (await ward.bed(right))["overridden"] == ["first_occupant"]


async def test_what_was_overridden_in_another_room_does_not_stand_in_this_one(ward: Ward):
    department = await ward.a_department()
    rooms = [await ward.a_room(department, sex_policy=SexPolicy.FIRST_OCCUPANT) for _ in range(2)]
    beds = [[await ward.a_bed(department, room=room) for _ in range(2)] for room in rooms]
    people = []
    for pair, (sex, other) in zip(beds, ((FEMALE, MALE), (MALE, MALE)), strict=True):
        for bed, one in zip(pair, (sex, other), strict=True):
            admission = await ward.waits_elsewhere(needs=Needs(sex=one))
            override = {"override": {"reason_code": "no_other_bed"}}
            path = "/v1/placements/{}/arrival"
            await ward.does(path, admission, role="bed_manager", bed_id=str(bed), **override)
            people.append(admission)
    assert code_of(await swap(ward, people[1], people[2])) == (409, "placement_rule_failed")
