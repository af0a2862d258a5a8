"""A bed is kept from others for a planned admission, from a moment in the future on."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from beds.domain.bed import BedState
from beds.domain.layout import SexPolicy
from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Isolation, Needs, PatientSex
from beds.handlers.layout import close_department
from common.errors import Refusal
from common.idempotency import UNCONDITIONAL
from common.ids import new_id
from tests.beds.test_races import arrive, hold, move, outcomes
from tests.beds.ward import ADMIN, Json, Ward, code_of
from tests.support.waiting import eventually

RESERVED = (409, "bed_reserved")


async def a_plan(ward: Ward, state: BedState = BedState.AVAILABLE) -> tuple[UUID, UUID, Json]:
    """A bed, an admission for which it is reserved for tomorrow, and the reservation."""
    bed = await ward.a_bed(state=state)
    admission = await ward.waits_elsewhere()
    return bed, admission, await ward.reserved(admission, bed)


# Made


async def test_a_bed_is_reserved_for_an_admission_that_waits(ward: Ward):
    bed, admission, made = await a_plan(ward)

    assert (made["state"], made["bed_id"], made["admission_id"]) == ("reserved", str(bed), str(admission))
    assert (await ward.bed(bed))["state"] == "available"
    placement = await ward.placement(admission)
    assert (placement["state"], placement["reservation_id"]) == ("queued", made["id"])
    assert await ward.told(UUID(made["id"])) == ["made"]
    assert (await ward.told(admission))[-1] == "changed"
    assert [one["id"] for one in await listed(ward, bed_id=bed)] == [made["id"]]
    assert await listed(ward, admission_id=admission, state="kept") == []


async def listed(ward: Ward, **filters: object) -> list[Json]:
    answer = await ward.bed_manager.get("/v1/reservations", params={k: str(v) for k, v in filters.items()})
    items: list[Json] = answer.json()["items"]
    return items


@pytest.mark.parametrize(
    ("hours", "lasting", "field"),
    [
        (-1, 4, "starts_at"),
        (15 * 24, 4, "starts_at"),
        (24, 0, "ends_at"),
        (24, -1, "ends_at"),
        (24, 25, "ends_at"),
    ],
)
async def test_a_reservation_begins_within_two_weeks_and_lasts_a_day_at_most(
    ward: Ward, hours: float, lasting: float, field: str
):
    answer = await ward.reserves(
        await ward.waits_elsewhere(), await ward.a_bed(), hours=hours, lasting=lasting
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [f"body.{field}"]


@pytest.mark.parametrize("state", [BedState.DIRTY, BedState.CLEANING])
async def test_a_bed_need_not_be_clean_yet(ward: Ward, state: BedState):
    _, _, made = await a_plan(ward, state)
    assert made["state"] == "reserved"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (BedState.OCCUPIED, "bed_occupied"),  # a stay has no end before the patient leaves
        (BedState.CLOSED, "wrong_state"),
        (BedState.BLOCKED, "wrong_state"),
    ],
)
async def test_a_bed_that_will_not_be_there_is_not_reserved(ward: Ward, state: BedState, code: str):
    answer = await ward.reserves(await ward.waits_elsewhere(), await ward.a_bed(state=state))
    assert code_of(answer) == (409, code)


async def test_a_blocked_bed_that_is_back_by_then_is_reserved(ward: Ward):
    bed = await ward.a_bed()
    expected = (await ward.now() + timedelta(hours=3)).isoformat()
    await ward.does(
        "/v1/beds/{}/block", bed, role="bed_manager", reason_code="repair", return_expected_at=expected
    )
    admission = await ward.waits_elsewhere()
    assert code_of(await ward.reserves(admission, bed, hours=2)) == (409, "wrong_state")
    assert (await ward.reserves(admission, bed, hours=4)).status_code == 201


async def test_a_bed_is_not_reserved_while_it_is_held_for_another(ward: Ward):
    """Whoever it is held for may arrive, and nobody knows when that stay will end."""
    bed = await ward.a_bed(state=BedState.HELD)
    admission = await ward.waits_elsewhere()
    assert code_of(await ward.reserves(admission, bed)) == (409, "bed_taken")
    await ward.lapses(bed)
    assert (await ward.reserves(admission, bed)).status_code == 201


async def test_who_holds_a_bed_may_have_it_reserved_for_later(ward: Ward):
    bed, admission = await ward.a_bed(), await ward.waits_elsewhere()
    await ward.holds(admission, bed)
    made = await ward.reserved(admission, bed)
    assert (await arrive(ward, admission)).status_code == 201
    assert (await ward.reservation(made["id"]))["state"] == "kept"


async def test_an_accepted_offer_ends_the_reservation_that_was_made_meanwhile(ward: Ward):
    department = await ward.a_department()
    admission = await ward.waits_for(department)
    offered = await ward.a_bed(department)
    await ward.places_all()
    assert (await ward.placement(admission))["offer_id"] is not None
    made = await ward.reserved(admission, await ward.a_bed(), hours=0.25)
    await ward.does("/v1/placements/{}/offer/accept", admission, role="bed_manager")
    placement = await ward.placement(admission)
    assert (placement["bed_id"], placement["reservation_id"]) == (str(offered), None)
    assert (await ward.reservation(made["id"]))["reason_code"] == "placed_elsewhere"


@pytest.mark.parametrize("hours", [27, 29, 1])  # into it, after it, before it
async def test_two_in_a_row_are_refused(ward: Ward, hours: float):
    """The earlier of the two could not arrive: nobody knows when that stay would end."""
    bed, admission, made = await a_plan(ward)
    other = await ward.waits_elsewhere()
    refused = await ward.reserves(other, bed, hours=hours, lasting=4)
    assert code_of(refused) == RESERVED
    assert (refused.json()["reserved_from"], refused.json()["reserved_until"]) == (
        made["starts_at"],
        made["ends_at"],
    )
    assert "admission_id" not in refused.json()
    assert "patient_id" not in refused.json()
    await ward.comes_to_start(bed)
    await ward.turns_reservations()
    assert code_of(await ward.reserves(other, bed, hours=29)) == (409, "bed_taken")
    assert (await arrive(ward, admission)).status_code == 201


async def test_an_admission_has_one_reservation(ward: Ward):
    _, admission, made = await a_plan(ward)
    refused = await ward.reserves(admission, await ward.a_bed(), hours=48)
    assert code_of(refused) == (409, "already_reserved")
    assert refused.json()["reservation_id"] == made["id"]


async def test_who_does_not_wait_has_nothing_reserved(ward: Ward):
    admission = await ward.in_bed(department := await ward.a_department(), await ward.a_bed(department))
    assert code_of(await ward.reserves(admission, await ward.a_bed())) == (409, "not_waiting")
    assert code_of(await ward.reserves(new_id(), await ward.a_bed())) == (503, "not_yet_known")


async def test_the_own_hold_ends_before_the_own_reservation_begins(ward: Ward):
    """Else one admission would hold two beds at once, which a constraint forbids."""
    admission = await ward.waits_elsewhere()
    await ward.holds(admission, await ward.a_bed(), 60)
    bed = await ward.a_bed()
    assert code_of(await ward.reserves(admission, bed, hours=0.5)) == (409, "admission_already_holds")
    assert (await ward.reserves(admission, bed, hours=1.5)).status_code == 201
    assert (await ward.placement(admission))["state"] == "held"


async def test_bed_and_room_must_suit_whoever_is_there_today(ward: Ward):
    department = await ward.a_department()
    room = await ward.a_room(department, sex_policy=SexPolicy.FEMALE)
    shared = await ward.a_room(department, sex_policy=SexPolicy.FIRST_OCCUPANT)
    await ward.in_bed(department, await ward.a_bed(department, room=shared))  # of whom nothing is known
    man = await ward.waits_for(await ward.a_department(), needs=Needs(sex=PatientSex.MALE))

    refused = await ward.reserves(man, await ward.a_bed(department, room=room))
    assert code_of(refused) == (409, "placement_rule_failed")
    assert (await ward.reserves(man, await ward.a_bed(department, room=shared))).status_code == 201


@pytest.mark.parametrize("apart", [0, 5])
async def test_of_twenty_reservations_of_one_bed_one_wins(ward: Ward, apart: int):
    """Also where the periods are apart, which no constraint forbids: the lock of the bed's row decides."""
    bed = await ward.a_bed()
    waiting = [await ward.waits_elsewhere() for _ in range(20)]
    answers = await asyncio.gather(
        *(ward.reserves(one, bed, hours=24 + place * apart) for place, one in enumerate(waiting))
    )
    assert outcomes(answers) == {201: 1, RESERVED: 19}


async def test_a_double_click_reserves_once(ward: Ward):
    bed, admission, start = await ward.a_bed(), await ward.waits_elsewhere(), await ward.now()
    body = {
        "admission_id": str(admission),
        "starts_at": (start + timedelta(hours=1)).isoformat(),
        "ends_at": (start + timedelta(hours=2)).isoformat(),
    }
    click = {"idempotency-key": str(uuid4())}
    answers = await asyncio.gather(
        *(ward.bed_manager.post(f"/v1/beds/{bed}/reservations", json=body, headers=click) for _ in range(5))
    )
    assert outcomes(answers) == {201: 5}
    assert len({answer.json()["id"] for answer in answers}) == 1


# What it keeps from others


async def test_a_reserved_bed_is_not_given_to_whoever_waits(ward: Ward):
    """Nobody knows when a stay will end: a bed that is reserved for any later time is none for the queue."""
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    planned = await ward.waits_elsewhere()
    made = await ward.reserved(planned, bed)
    other = await ward.waits_for(department)
    by_name = await ward.waits_for(department, bed=bed)
    assert [(await ward.placement(one))["refusal"] for one in (other, by_name)] == ["no_bed", "no_bed"]
    await ward.places_all()
    assert (await ward.bed(bed))["state"] == "available"

    free = await ward.a_bed(department)
    await ward.places_all()
    assert (await ward.placement(other))["bed_id"] == str(free)
    assert (await gives_back(ward, bed, made)).status_code == 204
    await ward.places_all()
    assert (await ward.placement(by_name))["bed_id"] == str(bed)


async def gives_back(ward: Ward, bed: UUID, made: Json):
    return await ward.bed_manager.delete(f"/v1/beds/{bed}/reservations/{made['id']}")


async def test_nobody_else_goes_into_a_reserved_bed(ward: Ward):
    bed, _, made = await a_plan(ward)
    department = UUID(made["department_id"])
    inpatient = await ward.in_bed(department, await ward.a_bed(department))
    for refused in (await arrive(ward, await ward.waits_elsewhere(), bed), await move(ward, inpatient, bed)):
        assert code_of(refused) == RESERVED
        assert refused.json()["reserved_from"] == made["starts_at"]


async def test_nobody_else_holds_it_long_before_either(ward: Ward):
    """The constraint would let such a hold live, but it could never become a stay."""
    bed, _, _ = await a_plan(ward)
    assert code_of(await hold(ward, bed, await ward.waits_elsewhere())) == RESERVED


async def test_nobody_is_transferred_into_it(ward: Ward):
    bed, _, made = await a_plan(ward)
    guest = await ward.in_bed(elsewhere := await ward.a_department(), await ward.a_bed(elsewhere))
    await ward.transfers(guest, bed)
    with pytest.raises(Refusal) as refused:
        await ward.transfers(guest, bed)
    assert refused.value.code == "bed_reserved"
    with pytest.raises(Refusal) as refused:
        await ward.moves(guest, bed)
    assert refused.value.code == "bed_reserved"
    assert refused.value.facts["reservation_id"] == UUID(made["id"])


async def test_a_move_is_not_taken_back_into_it(ward: Ward):
    department = await ward.a_department()
    prior, other = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, prior)
    await ward.moves(admission, other)
    await ward.reserved(await ward.waits_elsewhere(), prior)
    body = {"of": "move", "reason_code": "mistake"}
    answer = await ward.bed_manager.post(f"/v1/placements/{admission}/reversals", json=body)
    assert code_of(answer) == RESERVED


async def test_it_is_not_closed_and_may_be_blocked(ward: Ward):
    bed, _, made = await a_plan(ward)
    for path in (f"/v1/beds/{bed}/close", None):
        staff = ward.staff("admin")
        answer = await (staff.post(path) if path else staff.delete(f"/v1/beds/{bed}"))
        assert code_of(answer) == RESERVED
    with pytest.raises(Refusal) as refused:
        await close_department(ward.database, UNCONDITIONAL, ADMIN, UUID(made["department_id"]))
    assert refused.value.code == "bed_reserved"
    await ward.does("/v1/beds/{}/block", bed, role="bed_manager", reason_code="broken")
    assert (await ward.reservation(made["id"]))["state"] == "reserved"


async def test_reserving_races_with_those_who_take_the_bed(ward: Ward):
    """Whatever comes first: the bed is never reserved for one and taken by another for as long as nobody knows."""
    for _ in range(10):
        department = await ward.a_department()
        bed, planned = await ward.a_bed(department), await ward.waits_elsewhere()
        direct = await ward.waits_elsewhere()
        made, came, waits = await asyncio.gather(
            ward.reserves(planned, bed, hours=0.1), arrive(ward, direct, bed), ward.waits_for(department)
        )
        held = (await ward.placement(waits))["state"] == "held"
        assert [made.is_success, came.is_success, held].count(True) == 1, (made.text, came.text)
        allowed = {"bed_reserved", "bed_occupied", "bed_taken", "held_for_another"}
        assert {one.json()["code"] for one in (made, came) if not one.is_success} <= allowed


@pytest.mark.parametrize("state", [BedState.AVAILABLE, BedState.DIRTY])
async def test_it_is_suggested_for_nobody(ward: Ward, state: BedState):
    bed, _, made = await a_plan(ward, state)
    other = await ward.waits_for(UUID(made["department_id"]))
    path = f"/v1/beds/suggestions?admission_id={other}"
    assert (await ward.bed_manager.get(path)).json()["items"] == []
    await gives_back(ward, bed, made)
    assert [one["bed_id"] for one in (await ward.bed_manager.get(path)).json()["items"]] == [str(bed)]


async def test_a_want_that_waited_for_the_bed_sees_what_was_reserved_meanwhile(ward: Ward):
    """Its statement looked before it waited: only a look under the lock knows."""
    department = await ward.a_department()
    bed, planned = await ward.a_bed(department), await ward.waits_elsewhere()
    made = await ward.reserved(planned, bed)
    async with ward.admin.acquire() as other:
        await other.execute("UPDATE reservation SET state = 'cancelled' WHERE id = $1", UUID(made["id"]))
        async with other.transaction():
            await other.fetchval("SELECT id FROM bed WHERE id = $1 FOR NO KEY UPDATE", bed)
            await other.execute("UPDATE reservation SET state = 'reserved' WHERE id = $1", UUID(made["id"]))
            waiting = asyncio.create_task(ward.waits_for(department))
            await eventually(lambda: _somebody_waits(ward))
    assert (await ward.placement(await waiting))["refusal"] == "no_bed"


async def _somebody_waits(ward: Ward) -> bool:
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(await ward.admin.fetchval(waits))


# Its patient


@pytest.mark.parametrize("ends", ["released", "expired"])
async def test_a_hold_of_today_ends_without_the_reservation_of_tomorrow(ward: Ward, ends: str):
    today, admission = await ward.a_bed(), await ward.waits_elsewhere()
    held = await ward.holds(admission, today)
    bed = await ward.a_bed()
    made = await ward.reserved(admission, bed)
    if ends == "released":
        await ward.releases(today, held)
    else:
        await ward.lapses(today)
        await ward.sweeps_all()
    placement = await ward.placement(admission)
    assert (placement["refusal"], placement["reservation_id"]) == (ends, made["id"])
    assert code_of(await arrive(ward, await ward.waits_elsewhere(), bed)) == RESERVED
    await ward.comes_to_start(bed)
    await ward.turns_reservations()
    assert (await ward.placement(admission))["state"] == "held"


@pytest.mark.parametrize("named", [True, False])
async def test_the_own_patient_may_come_early(ward: Ward, named: bool):
    bed, admission, made = await a_plan(ward)
    assert (await arrive(ward, admission, bed if named else None)).status_code == 201
    assert (await ward.bed(bed))["state"] == "occupied"
    assert (await ward.reservation(made["id"]))["state"] == "kept"
    assert (await ward.placement(admission))["reservation_id"] is None
    assert await ward.told(UUID(made["id"])) == ["made", "kept"]


async def test_a_patient_who_gets_another_bed_needs_no_reservation(ward: Ward):
    for takes in (arrive, hold):
        bed, admission, made = await a_plan(ward)
        other = await ward.a_bed()
        answer = await (takes(ward, admission, other) if takes is arrive else hold(ward, other, admission))
        assert answer.status_code == 201
        shown = await ward.reservation(made["id"])
        assert (shown["state"], shown["reason_code"]) == ("cancelled", "placed_elsewhere")
        assert (await hold(ward, bed, await ward.waits_elsewhere())).status_code == 201


async def test_a_hold_that_reaches_the_reservation_of_its_bed_takes_its_place(ward: Ward):
    bed, admission = await ward.a_bed(), await ward.waits_elsewhere()
    made = await ward.reserved(admission, bed, hours=0.25)
    assert (await hold(ward, bed, admission)).status_code == 201
    assert (await ward.reservation(made["id"]))["state"] == "kept"
    assert (await ward.placement(admission))["reservation_id"] is None


@pytest.mark.parametrize("ends", ["released", "expired", "unswept", "arrived"])
async def test_a_hold_that_ends_before_the_reservation_of_its_bed_leaves_it_alone(ward: Ward, ends: str):
    bed, admission, made = await a_plan(ward)
    held = await ward.holds(admission, bed)
    placement = await ward.placement(admission)
    assert (placement["state"], placement["reservation_id"]) == ("held", made["id"])
    if ends == "arrived":
        assert (await arrive(ward, admission)).status_code == 201
        assert (await ward.reservation(made["id"]))["state"] == "kept"
        return
    await (ward.releases(bed, held) if ends == "released" else ward.lapses(bed))
    if ends == "expired":
        await ward.sweeps_all()
    assert code_of(await hold(ward, bed, await ward.waits_elsewhere())) == RESERVED
    await ward.comes_to_start(bed)
    assert await ward.turns_reservations() == 1
    placement = await ward.placement(admission)
    assert (placement["state"], placement["hold_id"]) == ("held", made["id"])


async def test_an_offer_of_the_reserved_bed_that_is_accepted_leaves_the_reservation_of_tomorrow(ward: Ward):
    department = await ward.a_department()
    admission = await ward.waits_for(department)
    bed = await ward.a_bed(department)
    await ward.places_all()
    made = await ward.reserved(admission, bed)
    await ward.accepts(admission)
    assert (await ward.placement(admission))["reservation_id"] == made["id"]
    await ward.lapses(bed)
    await ward.sweeps_all()
    assert (await ward.reservation(made["id"]))["state"] == "reserved"
    assert code_of(await hold(ward, bed, await ward.waits_elsewhere())) == RESERVED


async def test_who_has_a_reservation_waits_for_it(ward: Ward):
    """Otherwise the next free bed would be held for somebody who comes tomorrow."""
    department = await ward.a_department()
    admission = await ward.waits_for(department)
    bed = await ward.a_bed(state=BedState.DIRTY)
    await ward.reserved(admission, bed)
    await ward.a_bed(department)
    await ward.places_all()
    assert (await ward.placement(admission))["state"] == "queued"


@pytest.mark.parametrize(
    ("wanted", "state", "reason"),
    [
        ("the same", "reserved", None),
        ("nothing", "cancelled", "not_wanted"),
        ("another department", "cancelled", "wanted_elsewhere"),
        ("another bed", "cancelled", "wanted_elsewhere"),
    ],
)
async def test_a_newer_want_keeps_the_reservation_or_ends_it(
    ward: Ward, wanted: str, state: str, reason: str | None
):
    department = await ward.a_department()
    admission, patient = new_id(), new_id()
    bed, other = await ward.a_bed(department, BedState.DIRTY), await ward.a_bed(department, BedState.DIRTY)
    want = Want(department, None, Priority.ELECTIVE, Needs(), ready=True, requested_at=await ward.now())
    await ward.says(Wish(admission, patient, want, 1, 1))
    made = await ward.reserved(admission, bed)
    await ward.a_bed(department)  # is not for somebody who has a reservation

    newer = {
        "the same": want,
        "nothing": None,
        "another department": Want(
            await ward.a_department(),
            None,
            want.priority,
            want.needs,
            ready=True,
            requested_at=want.requested_at,
        ),
        "another bed": Want(
            department, other, want.priority, want.needs, ready=True, requested_at=want.requested_at
        ),
    }[wanted]
    await ward.says(Wish(admission, patient, newer, 2, 1))

    shown, placement = await ward.reservation(made["id"]), await ward.placement(admission)
    assert (shown["state"], shown["reason_code"]) == (state, reason)
    assert placement["state"] == ("withdrawn" if newer is None else "queued")
    assert placement["want_version"] == 2
    assert placement["reservation_id"] == (made["id"] if state == "reserved" else None)


async def test_a_newer_priority_keeps_a_reservation_in_another_department(ward: Ward):
    department = await ward.a_department()
    admission, patient = new_id(), new_id()
    want = Want(department, None, Priority.ELECTIVE, Needs(), ready=True, requested_at=await ward.now())
    await ward.says(Wish(admission, patient, want, 1, 1))
    bed = await ward.a_bed()
    made = await ward.reserved(admission, bed)
    there = UUID(made["department_id"])

    for version, newer in enumerate(
        (replace(want, priority=Priority.URGENT), replace(want, department_id=there)), 2
    ):
        await ward.says(Wish(admission, patient, newer, version, 1))
        assert (await ward.reservation(made["id"]))["state"] == "reserved"
    await ward.says(Wish(admission, patient, want, 4, 1))
    assert (await ward.reservation(made["id"]))["reason_code"] == "wanted_elsewhere"


async def test_needs_that_the_bed_can_never_meet_end_the_reservation(ward: Ward):
    """Else nothing would be offered to the patient, for a bed that never becomes a hold."""
    department = await ward.a_department()
    admission, patient = new_id(), new_id()
    want = Want(department, None, Priority.ELECTIVE, Needs(), ready=True, requested_at=await ward.now())
    await ward.says(Wish(admission, patient, want, 1, 1))
    shared = await ward.a_room(department, sex_policy=SexPolicy.FIRST_OCCUPANT)
    await ward.in_bed(department, await ward.a_bed(department, room=shared))  # of whom nothing is known
    made = await ward.reserved(admission, await ward.a_bed(department, room=shared))
    isolation = await ward.a_bed(department, room=await ward.a_room(department, negative_pressure=True))

    woman = replace(want, needs=Needs(sex=PatientSex.FEMALE))  # who is in the room today matters later
    await ward.says(Wish(admission, patient, woman, 2, 1))
    assert (await ward.reservation(made["id"]))["state"] == "reserved"
    infected = replace(want, needs=Needs(isolation=Isolation.AIRBORNE))
    await ward.says(Wish(admission, patient, infected, 3, 1))
    shown = await ward.reservation(made["id"])
    assert (shown["state"], shown["reason_code"]) == ("cancelled", "unsuited")
    placement = await ward.placement(admission)
    assert (placement["bed_id"], placement["reservation_id"]) == (str(isolation), None)


async def test_what_is_given_back_is_over(ward: Ward):
    bed, admission, made = await a_plan(ward)
    assert (await gives_back(ward, bed, made)).status_code == 204
    assert code_of(await gives_back(ward, bed, made)) == (409, "reservation_over")
    assert (await ward.bed_manager.delete(f"/v1/beds/{uuid4()}/reservations/{made['id']}")).status_code == 404
    assert (await ward.placement(admission))["reservation_id"] is None
    assert (await ward.reserves(admission, bed)).status_code == 201


# Its time


async def test_it_becomes_a_hold_until_its_end(ward: Ward):
    bed, admission, made = await a_plan(ward)
    assert await ward.turns_reservations() == 0
    await ward.comes_to_start(bed)
    assert code_of(await hold(ward, bed, await ward.waits_elsewhere())) == RESERVED  # before the timer, too
    assert await ward.turns_reservations() == 1

    placement, shown = await ward.placement(admission), await ward.bed(bed)
    assert (placement["state"], placement["bed_id"]) == ("held", str(bed))
    assert (shown["state"], shown["held_until"]) == ("held", made["ends_at"])
    assert placement["hold_id"] == shown["hold_id"] == made["id"]
    assert (await ward.told(admission))[-1] == "held"
    assert (await arrive(ward, admission)).status_code == 201
    assert (await ward.bed(bed))["state"] == "occupied"


async def test_the_hold_that_it_became_is_released_like_any_other(ward: Ward):
    bed, admission, made = await a_plan(ward)
    await ward.comes_to_start(bed)
    await ward.turns_reservations()
    await ward.releases(bed, UUID(made["id"]))
    assert (await ward.placement(admission))["refusal"] == "released"
    assert (await arrive(ward, await ward.waits_elsewhere(), bed)).status_code == 201


async def test_a_dirty_bed_is_kept_until_it_is_ready(ward: Ward):
    bed, admission, made = await a_plan(ward, BedState.DIRTY)
    department = UUID(made["department_id"])
    await ward.comes_to_start(bed)
    assert await ward.turns_reservations() == 0
    other = await ward.waits_for(department)
    await ward.does("/v1/beds/{}/ready_override", bed, role="bed_manager", reason_code="wiped")
    await ward.places_all()
    assert await ward.turns_reservations() == 1
    assert (await ward.placement(admission))["state"] == "held"
    assert (await ward.placement(other))["refusal"] == "no_bed"


async def test_one_that_cannot_begin_does_not_stop_the_others(ward: Ward):
    stuck, _, _ = await a_plan(ward, BedState.DIRTY)
    department = await ward.a_department()
    room = await ward.a_room(department, sex_policy=SexPolicy.FIRST_OCCUPANT)
    unsuited = await ward.a_bed(department, room=room)
    woman = await ward.waits_for(await ward.a_department(), needs=Needs(sex=PatientSex.FEMALE))
    await ward.reserved(woman, unsuited)
    await ward.in_bed(department, await ward.a_bed(department, room=room))  # of whom nothing is known
    good, admission, _ = await a_plan(ward)

    await ward.comes_to_start(stuck, unsuited, good)
    assert await ward.turns_reservations() == 1
    assert (await ward.placement(admission))["state"] == "held"
    assert (await ward.placement(woman))["state"] == "queued"


async def test_in_vain_it_expires_and_the_queue_goes_on(ward: Ward):
    bed, admission, made = await a_plan(ward, BedState.DIRTY)
    await ward.comes_to_start(bed)
    await ward.lapses(bed)
    assert (await ward.reservation(made["id"]))["state"] == "expired"  # by the clock
    assert [one["id"] for one in await listed(ward, bed_id=bed, state="expired")] == [made["id"]]
    assert await ward.turns_reservations() == 1
    assert await ward.told(UUID(made["id"])) == ["made", "expired"]
    placement = await ward.placement(admission)
    assert (placement["reservation_id"], placement["refusal"]) == (None, "no_bed")
    assert (await ward.reserves(admission, bed)).status_code == 201


async def test_one_that_is_over_by_the_clock_keeps_nothing_though_no_timer_ran(ward: Ward):
    bed, admission, made = await a_plan(ward)
    await ward.comes_to_start(bed)
    await ward.lapses(bed)
    other = await ward.waits_for(UUID(made["department_id"]))
    assert (await ward.placement(other))["bed_id"] == str(bed)
    assert (await arrive(ward, other)).status_code == 201
    assert (await arrive(ward, admission)).status_code == 422  # which bed, must be said
    assert (await ward.reserves(admission, await ward.a_bed())).status_code == 201
    assert (await ward.reservation(made["id"]))["state"] == "expired"


async def test_a_stay_is_never_void(ward: Ward):
    """What keeps nobody from a bed is a hold that was given back before it began, nothing else."""
    await ward.a_bed(state=BedState.OCCUPIED)
    with pytest.raises(Exception, match="stays_are_never_void"):
        await ward.admin.execute("UPDATE occupancy SET void = true WHERE kind = 'stay'")


# Seen


async def test_a_board_shows_what_is_reserved(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.waits_elsewhere()
    path, nobody = f"/v1/departments/{department}/board", await ward.waits_elsewhere()
    tag = (await ward.bed_manager.get(path)).headers["etag"]
    made = await ward.reserved(admission, bed)

    board = (await ward.bed_manager.get(path, headers={"if-none-match": tag})).json()
    (shown,) = board["reservations"]
    assert shown == {name: made[name] for name in shown} | {
        name: shown[name] for name in ("starts_at", "ends_at")
    }
    (placement,) = board["placements"]
    assert (placement["admission_id"], placement["flags"]) == (str(admission), ["incoming", "reserved"])
    assert str(nobody) not in str(board)
    await ward.comes_to_start(bed)
    await ward.lapses(bed)
    assert (await ward.bed_manager.get(path)).json()["reservations"] == []
    waits_in = (await ward.placement(admission))["department_id"]
    (placement,) = (await ward.bed_manager.get(f"/v1/departments/{waits_in}/board")).json()["placements"]
    assert placement["flags"] == []  # though no timer ran


async def test_who_has_a_reservation_is_expected_and_waits_behind_the_others(ward: Ward):
    department, later = await ward.a_department(), await ward.a_department()
    planned = await ward.waits_for(department, priority=Priority.EMERGENCY)
    other = await ward.waits_for(department, priority=Priority.ELECTIVE)
    bed = await ward.a_bed(later)
    made = await ward.reserved(planned, bed)

    expected = await ward.report("arrivals_expected", department_id=department)
    (shown,) = [row for row in expected if row["admission_id"] == str(planned)]
    assert (shown["reservation_id"], shown["reserved_bed_id"]) == (made["id"], str(bed))
    assert (shown["reserved_from"], shown["reserved_until"]) == (made["starts_at"], made["ends_at"])
    queue = await ward.report("queue", department_id=department)
    assert [(row["admission_id"], row["why"]) for row in queue] == [
        (str(other), "no_bed_free"),
        (str(planned), "reservation"),
    ]
    (figures,) = await ward.report("queue/by_department", department_id=department)
    assert (figures["waiting"], figures["waiting_for_a_person"]) == (2, 0)
    (figures,) = await ward.report("queue/by_department", department_id=later)
    assert figures["available_beds"] == 0
