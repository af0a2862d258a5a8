"""What was recorded by mistake is taken back (A11, A12), and what happened stays visible."""

import asyncio
from uuid import UUID

import pytest

from tests.beds.ward import Ward, code_of


async def take_back(ward: Ward, admission: UUID, of: str):
    body = {"of": of, "reason_code": "wrong_patient"}
    return await ward.staff("charge_nurse").post(f"/v1/placements/{admission}/reversals", json=body)


async def test_an_arrival_that_never_was(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.in_bed(department)

    answer = await take_back(ward, admission, "arrival")

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["state"], shown["refusal"], shown["bed_id"]) == ("queued", "reversed", None)
    assert (await ward.bed(bed))["state"] == "dirty"
    assert await ward.open_job(bed)
    arrival, back = await ward.movements(admission)
    assert (back["kind"], back["reverses"], back["from_bed_id"]) == (
        "arrival_reversed",
        arrival["id"],
        str(bed),
    )
    assert (await ward.told(admission))[-1] == "reversed"


async def test_whoever_was_taken_back_waits_for_a_person_and_may_arrive_again(ward: Ward):
    """Also in the bed that only this patient has made dirty."""
    department = await ward.a_department()
    bed, other = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    await take_back(ward, admission, "arrival")
    await ward.places_all()
    assert (await ward.placement(admission))["state"] == "queued"
    assert (await ward.bed(other))["state"] == "available"

    await ward.arrives(admission, bed)
    assert (await ward.placement(admission))["bed_id"] == str(bed)
    assert (await take_back(ward, admission, "arrival")).status_code == 201, (
        "the second arrival, not the first"
    )


async def test_a_move_that_never_was(ward: Ward):
    department = await ward.a_department()
    bed, wrong = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    await ward.moves(admission, wrong)

    answer = await take_back(ward, admission, "move")

    assert (answer.status_code, answer.json()["bed_id"]) == (201, str(bed))
    assert [(await ward.bed(one))["state"] for one in (bed, wrong)] == ["occupied", "dirty"]
    assert [m["kind"] for m in await ward.movements(admission)] == ["arrival", "move", "move_reversed"]


@pytest.mark.parametrize("of", ["arrival", "move"])
async def test_twice_is_refused(ward: Ward, of: str):
    department = await ward.a_department()
    bed, other = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    await ward.moves(admission, other)
    answers = await asyncio.gather(*(take_back(ward, admission, of) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "already_reversed"}


async def test_there_is_no_way_back_once_the_cleaning_has_begun(ward: Ward):
    department = await ward.a_department()
    bed, other = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    await ward.moves(admission, other)
    await ward.cleans(bed)
    assert code_of(await take_back(ward, admission, "move")) == (409, "prior_bed_taken")
    await ward.cleans(bed)
    assert (await take_back(ward, admission, "move")).status_code == 201, "clean and free it is there again"


async def test_there_is_no_way_back_into_the_bed_of_somebody_else(ward: Ward):
    department = await ward.a_department()
    bed, other = await ward.a_bed(department), await ward.a_bed(department)
    ann, bob = await ward.in_bed(department, bed), await ward.in_bed(department, other)
    await ward.bed_manager.post("/v1/placements/swaps", json={"a": str(ann), "b": str(bob)})
    assert code_of(await take_back(ward, ann, "move")) == (409, "prior_bed_taken")


async def test_only_what_was_recorded_is_taken_back(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission, waiting = await ward.in_bed(department), await ward.waits_for(department)
    assert code_of(await take_back(ward, admission, "move")) == (409, "nothing_to_reverse")
    assert code_of(await take_back(ward, waiting, "move")) == (409, "not_in_a_bed")
    assert code_of(await take_back(ward, waiting, "arrival")) == (409, "not_in_a_bed")
    await ward.departs(admission)
    assert code_of(await take_back(ward, admission, "arrival")) == (409, "not_in_a_bed")
    assert (await take_back(ward, admission, "departure")).status_code == 422
