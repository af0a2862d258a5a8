"""Which bed a patient gets, and who may put one where a rule is against it."""

import asyncio
from collections import Counter
from uuid import UUID

import asyncpg
import httpx2
import pytest

from beds import records
from beds.domain.layout import SexPolicy
from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Isolation, Needs, PatientSex
from beds.handlers.choosing import lock_best_bed
from beds.handlers.recording import take_hold
from common.ids import new_id
from tests.beds.ward import Json, Ward, code_of

WOMAN, MAN = Needs(sex=PatientSex.FEMALE), Needs(sex=PatientSex.MALE)
AIRBORNE = Needs(isolation=Isolation.AIRBORNE)


def hold(ward: Ward, bed: UUID, admission: UUID, role: str = "bed_manager", **more: object):
    return ward.staff(role).post(f"/v1/beds/{bed}/holds", json={"admission_id": str(admission), **more})


def arrive(ward: Ward, admission: UUID, bed: UUID | None = None, role: str = "bed_manager", **more: object):
    body = {"bed_id": str(bed)} if bed else {}
    return ward.staff(role).post(f"/v1/placements/{admission}/arrival", json=body | more)


async def elsewhere(ward: Ward, needs: Needs) -> UUID:
    """Somebody with these needs who waits where there is no bed."""
    return await ward.waits_for(await ward.a_department(), needs=needs)


def rules_of(answer: httpx2.Response) -> set[str]:
    assert code_of(answer) == (409, "placement_rule_failed"), answer.text
    return {verdict["rule"] for verdict in answer.json()["failed"]}


OVERRIDE: Json = {"override": {"reason_code": "no_other_bed"}}


async def test_the_bed_that_suits_is_held_and_not_the_first_one(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    suits = await ward.a_bed(department, room=await ward.a_room(department, negative_pressure=True))

    placement = await ward.placement(await ward.waits_for(department, needs=AIRBORNE))

    assert (placement["state"], placement["bed_id"]) == ("held", str(suits))


async def test_a_patient_whom_no_bed_suits_waits(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)

    placement = await ward.placement(await ward.waits_for(department, needs=AIRBORNE))

    assert (placement["state"], placement["refusal"]) == ("queued", "no_bed")
    assert not await ward.places_next()


async def test_whom_nothing_suits_keeps_no_bed_from_those_behind(ward: Ward):
    department = await ward.a_department()
    await ward.waits_for(department, needs=AIRBORNE, priority=Priority.EMERGENCY)
    behind = await ward.waits_for(department)
    await ward.a_bed(department)

    assert await ward.places_next()

    assert (await ward.placement(behind))["state"] == "held"


async def test_a_named_bed_that_does_not_suit_is_refused_as_such(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)

    placement = await ward.placement(await ward.waits_for(department, bed=bed, needs=AIRBORNE))

    assert (placement["state"], placement["refusal"]) == ("queued", "rule_failed")
    assert (await ward.bed(bed))["state"] == "available"


async def test_who_is_not_ready_to_move_waits_until_ready(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    patient = new_id()

    admission = await ward.waits_for(department, ready=False, patient=patient)

    assert (await ward.placement(admission))["refusal"] == "not_ready"
    assert not await ward.places_next()
    want = Want(department, None, Priority.URGENT, Needs(), ready=True, requested_at=await ward.now())
    await ward.says(Wish(admission, patient, want, 2, 1))
    assert (await ward.placement(admission))["bed_id"] == str(bed)


async def test_a_held_bed_that_suits_no_more_is_given_back(ward: Ward):
    department = await ward.a_department()
    bed, patient = await ward.a_bed(department), new_id()
    admission = await ward.waits_for(department, patient=patient)

    want = Want(department, None, Priority.URGENT, AIRBORNE, ready=True, requested_at=await ward.now())
    await ward.says(Wish(admission, patient, want, 2, 1))

    assert (await ward.bed(bed))["state"] == "available"
    assert (await ward.placement(admission))["refusal"] == "no_bed"


async def test_a_held_bed_that_suits_still_stays_held(ward: Ward):
    department = await ward.a_department()
    bed, patient = await ward.a_bed(department), new_id()
    admission = await ward.waits_for(department, patient=patient)
    hold = (await ward.bed(bed))["hold_id"]

    want = Want(department, None, Priority.EMERGENCY, WOMAN, ready=True, requested_at=await ward.now())
    await ward.says(Wish(admission, patient, want, 2, 1))

    assert (await ward.bed(bed))["hold_id"] == hold
    assert (await ward.placement(admission))["want_version"] == 2


@pytest.mark.parametrize("role", ["bed_manager", "charge_nurse"])
async def test_nobody_overrides_a_hard_rule(ward: Ward, role: str):
    department = await ward.a_department()
    bed, admission = await ward.a_bed(department), await elsewhere(ward, AIRBORNE)
    client = ward.staff(role, [department])

    body = {"admission_id": str(admission), **OVERRIDE}
    answer = await client.post(f"/v1/beds/{bed}/holds", json=body)

    assert rules_of(answer) == {"negative_pressure"}
    assert rules_of(await arrive(ward, admission, bed, **OVERRIDE)) == {"negative_pressure"}


async def test_an_overridable_rule_is_overridden_for_a_reason_that_is_told(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department, room=await ward.a_room(department, sex_policy=SexPolicy.FEMALE))
    admission = await elsewhere(ward, MAN)
    assert rules_of(await hold(ward, bed, admission)) == {"sex_policy"}

    assert (await hold(ward, bed, admission, **OVERRIDE)).status_code == 201

    told = await ward.last_told(bed)
    assert (told["overridden"], told["override_reason_code"]) == (["sex_policy"], "no_other_bed")
    assert (await arrive(ward, admission)).status_code == 201  # what was decided for the hold is decided
    assert (await ward.bed(bed))["overridden"] == ["sex_policy"]
    await ward.departs(admission)
    assert (await ward.bed(bed))["overridden"] == []


async def test_a_nurse_overrides_nothing(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department, room=await ward.a_room(department, sex_policy=SexPolicy.FEMALE))
    admission = await ward.waits_for(department, bed=bed, needs=MAN)
    client = ward.staff("nurse", [department])

    body = {"bed_id": str(bed), **OVERRIDE}
    assert (await client.post(f"/v1/placements/{admission}/arrival", json=body)).status_code == 403


async def test_a_patient_is_moved_by_the_same_rules(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    other = await ward.a_bed(department, room=await ward.a_room(department, sex_policy=SexPolicy.FEMALE))
    move = {"bed_id": str(other)}

    answer = await ward.bed_manager.post(f"/v1/placements/{admission}/moves", json=move)
    assert rules_of(answer) == {"sex_policy"}
    answer = await ward.bed_manager.post(f"/v1/placements/{admission}/moves", json=move | OVERRIDE)
    assert answer.status_code == 201


async def test_two_change_places_by_the_same_rules(ward: Ward):
    department = await ward.a_department()
    for_women = await ward.a_room(department, sex_policy=SexPolicy.FEMALE)
    bed, other = await ward.a_bed(department, room=for_women), await ward.a_bed(department)
    woman = await ward.waits_for(department, bed=bed, needs=WOMAN)
    man = await ward.waits_for(department, bed=other, needs=MAN)
    for admission in (woman, man):
        await ward.arrives(admission)
    swap = {"a": str(woman), "b": str(man)}

    assert rules_of(await ward.bed_manager.post("/v1/placements/swaps", json=swap)) == {"sex_policy"}
    answer = await ward.bed_manager.post("/v1/placements/swaps", json=swap | OVERRIDE)
    assert answer.status_code == 201
    assert (await ward.bed(bed))["overridden"] == ["sex_policy"]


async def test_of_a_man_and_a_woman_who_come_first_at_once_one_decides_the_room(ward: Ward):
    department = await ward.a_department()
    for _ in range(5):
        room = await ward.a_room(department, sex_policy=SexPolicy.FIRST_OCCUPANT)
        beds = [await ward.a_bed(department, room=room) for _ in range(2)]
        coming = [await elsewhere(ward, needs) for needs in (WOMAN, MAN)]

        answers = await asyncio.gather(*map(hold, [ward] * 2, beds, coming))

        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 1}
        (refused,) = [answer for answer in answers if answer.status_code == 409]
        assert rules_of(refused) == {"first_occupant"}


async def test_what_beside_is_heard_after_the_choice_does_not_undo_it(ward: Ward):
    """Else the want would be refused, and a want has to be answered."""
    department = await ward.a_department()
    room, neighbour = await ward.a_room(department), new_id()
    bed, other = await ward.a_bed(department, room=room), await ward.a_bed(department, room=room)
    beside = await ward.waits_for(department, bed=bed, patient=neighbour)
    flu = Needs(isolation=Isolation.DROPLET, organism="influenza_a")
    isolated = Want(department, bed, Priority.URGENT, flu, ready=True, requested_at=await ward.now())
    admission = await ward.waits_for(department, ready=False)

    async with ward.database.write() as act:
        waiting = await records.placements.lock(act, admission)
        assert waiting.want is not None
        chosen = await lock_best_bed(act, waiting.want, admission, await act.moment())
        assert chosen is not None
        await ward.says(Wish(beside, neighbour, isolated, 2, 1))
        await take_hold(act, waiting, waiting, chosen, await act.stamp(waiting, chosen), is_judged=True)

    assert (await ward.placement(admission))["bed_id"] == str(other)


async def test_no_row_of_the_pack_softens_a_hard_rule(ward: Ward):
    with pytest.raises(asyncpg.CheckViolationError, match="always_hard"):
        await ward.admin.execute("INSERT INTO placement_rule VALUES ('equipment', now(), 'overridable', 0)")


async def test_a_move_is_taken_back_against_a_rule_only_by_whom_the_rule_allows(ward: Ward):
    """Meanwhile a man has come into the room that the woman was moved out of by mistake."""
    department = await ward.a_department()
    room = await ward.a_room(department, sex_policy=SexPolicy.FIRST_OCCUPANT)
    bed, beside = await ward.a_bed(department, room=room), await ward.a_bed(department, room=room)
    woman = await ward.waits_for(department, bed=bed, needs=WOMAN)
    await ward.arrives(woman)
    await ward.moves(woman, await ward.a_bed(department))
    await ward.arrives(await ward.waits_for(department, bed=beside, needs=MAN))
    path, mistake = f"/v1/placements/{woman}/reversals", {"of": "move", "reason_code": "wrong_bed"}

    for role in ("unit_manager", "charge_nurse"):
        assert rules_of(await ward.staff(role).post(path, json=mistake)) == {"first_occupant"}
    assert code_of(await ward.staff("unit_manager").post(path, json=mistake | OVERRIDE)) == (403, "forbidden")
    assert (await ward.staff("charge_nurse").post(path, json=mistake | OVERRIDE)).status_code == 201
    assert (await ward.placement(woman))["bed_id"] == str(bed)


async def test_somebody_from_before_the_rules_is_a_neighbour_like_others(ward: Ward):
    """Of whom an earlier release stored that nothing is needed, as an empty object."""
    department = await ward.a_department()
    room = await ward.a_room(department)
    await ward.a_bed(department, room=room)
    before = await ward.in_bed(department)
    await ward.admin.execute("UPDATE placement SET needs = '{}' WHERE admission_id = $1", before)
    free = await ward.a_bed(department, room=room)

    placement = await ward.placement(await ward.waits_for(department))

    assert (placement["state"], placement["bed_id"]) == ("held", str(free))
