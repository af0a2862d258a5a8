"""Arrival, departure and move; readiness; the places themselves; who gets the bed that becomes free."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from beds.domain.bed import BedState
from beds.domain.movement import Reversible
from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Needs
from beds.main import create_app
from beds.settings import BedsSettings
from common.ids import new_id
from common.testing import client_for, living, settings_for
from tests.beds.ward import Ward, code_of


async def arrival(ward: Ward, admission: UUID, bed: UUID | None = None, **more: str):
    body = {"bed_id": str(bed)} | more if bed else more
    return await ward.bed_manager.post(f"/v1/placements/{admission}/arrival", json=body)


async def departure(ward: Ward, admission: UUID, **more: str):
    body = {"reason_code": "home", **more}
    return await ward.bed_manager.post(f"/v1/placements/{admission}/departure", json=body)


async def move(ward: Ward, admission: UUID, bed: UUID):
    return await ward.bed_manager.post(f"/v1/placements/{admission}/moves", json={"bed_id": str(bed)})


async def movements(ward: Ward, admission: UUID) -> list[tuple[str, str | None, str | None]]:
    answer = await ward.bed_manager.get(f"/v1/placements/{admission}/movements")
    return [(m["kind"], m["from_bed_id"], m["to_bed_id"]) for m in answer.json()["items"]]


# Arrival


async def test_a_patient_arrives_in_the_bed_that_is_held(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.waits_for(department)

    answer = await arrival(ward, admission)

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["state"], shown["bed_id"], shown["held_until"]) == ("in_bed", str(bed), None)
    place = await ward.bed(bed)
    assert (place["state"], place["status"], place["hl7_status"]) == ("occupied", "occupied", "O")
    assert (place["admission_id"], place["hold_id"]) == (str(admission), None)
    assert await ward.told(bed) == ["added", "readied", "held", "occupied"]
    assert await ward.told(admission) == ["held", "arrived"]
    assert await movements(ward, admission) == [("arrival", None, str(bed))]


async def test_a_patient_arrives_directly_in_a_free_bed(ward: Ward):
    bed, admission = await ward.a_bed(), await ward.waits_elsewhere()
    answer = await arrival(ward, admission, bed)
    assert (answer.status_code, answer.json()["bed_id"]) == (201, str(bed))


async def test_an_arrival_elsewhere_gives_the_held_bed_back(ward: Ward):
    department = await ward.a_department()
    held = await ward.a_bed(department)
    admission, other = await ward.waits_for(department), await ward.a_bed(department)

    await ward.arrives(admission, other)

    assert (await ward.bed(held))["state"] == "available"
    assert (await ward.bed(other))["state"] == "occupied"
    assert await ward.told(held) == ["added", "readied", "held", "released"]


async def test_nobody_arrives_in_a_bed_that_is_held_for_another(ward: Ward):
    bed, admission = await ward.a_bed(state=BedState.HELD), await ward.waits_elsewhere()
    assert code_of(await arrival(ward, admission, bed)) == (409, "held_for_another")


async def test_a_refusal_tells_the_present_state_and_who_made_it(ward: Ward):
    bed, admission = await ward.a_bed(state=BedState.OCCUPIED), await ward.waits_elsewhere()
    answer = await arrival(ward, admission, bed)
    assert code_of(answer) == (409, "bed_taken")
    told = answer.json()
    assert (told["bed_id"], told["state"]) == (str(bed), "occupied")
    assert {"changed_at", "changed_by", "detail"} <= told.keys()


@pytest.mark.parametrize(
    "state", [BedState.DIRTY, BedState.CLEANING, BedState.BLOCKED, BedState.CLOSED], ids=str
)
async def test_nobody_arrives_in_a_bed_that_is_not_ready(ward: Ward, state: BedState):
    bed, admission = await ward.a_bed(state=state), await ward.waits_elsewhere()
    assert code_of(await arrival(ward, admission, bed)) == (409, "bed_not_ready")


async def test_an_arrival_without_a_hold_names_a_bed(ward: Ward):
    answer = await arrival(ward, await ward.waits_elsewhere())
    assert code_of(answer) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["body.bed_id"]


async def test_a_patient_arrives_once(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    assert code_of(await arrival(ward, admission)) == (409, "already_arrived")


async def test_a_patient_lies_in_one_bed_only(ward: Ward):
    department, patient = await ward.a_department(), new_id()
    await ward.a_bed(department)
    other = await ward.a_bed(department)
    await ward.in_bed(department, patient=patient)
    second = await ward.waits_for(department, patient=patient)
    assert code_of(await arrival(ward, second)) == (409, "patient_in_another_bed")
    assert (await ward.bed(other))["state"] == "held"


async def test_whom_nobody_waits_for_does_not_arrive(ward: Ward):
    department, patient = await ward.a_department(), new_id()
    bed = await ward.a_bed(department)
    admission = await ward.waits_for(department, patient=patient)
    await ward.says(Wish(admission, patient, None, 2, 1))
    assert code_of(await arrival(ward, admission, bed)) == (409, "not_waiting")


async def test_an_unknown_admission_is_not_found(ward: Ward):
    assert code_of(await arrival(ward, uuid4())) == (404, "not_found")
    assert code_of(await departure(ward, uuid4())) == (404, "not_found")
    assert code_of(await move(ward, uuid4(), new_id())) == (404, "not_found")


async def test_an_admission_that_was_made_a_moment_ago_is_only_not_yet_known(ward: Ward):
    """Its record may not even be in Kafka yet."""
    assert code_of(await arrival(ward, new_id())) == (503, "not_yet_known")


async def test_while_catching_up_an_admission_is_only_not_yet_known(ward: Ward):
    """With the broker away, beds cannot tell an unknown admission from one that it has not heard of yet."""
    bed, admission = await ward.a_bed(), uuid4()
    app = create_app(settings_for(BedsSettings, ward.url))
    async with living(app):
        manager = client_for(app, "bed_manager")
        for path, body in (
            (f"/v1/beds/{bed}/holds", {"admission_id": str(admission)}),
            (f"/v1/placements/{admission}/arrival", {"bed_id": str(bed)}),
            (f"/v1/placements/{admission}/departure", {"reason_code": "home"}),
            (f"/v1/placements/{admission}/moves", {"bed_id": str(bed)}),
            ("/v1/placements/swaps", {"a": str(admission), "b": str(uuid4())}),
        ):
            answer = await manager.post(path, json=body)
            assert code_of(answer) == (503, "not_yet_known")
            assert answer.headers["retry-after"] == "1"


# Departure


async def test_a_departure_leaves_a_dirty_bed_and_a_cleaning_job(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.in_bed(department)

    answer = await departure(ward, admission)

    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["state"], shown["bed_id"], shown["left_reason_code"]) == ("left", None, "home")
    place = await ward.bed(bed)
    assert (place["state"], place["status"], place["admission_id"]) == ("dirty", "cleaning", None)
    job = await ward.open_job(bed)
    assert (job["type"], job["priority"], job["state"]) == ("discharge", "normal", "requested")
    assert (await ward.told(bed))[-1] == "vacated"
    assert (await ward.told(UUID(job["id"]))) == ["requested"]
    assert await movements(ward, admission) == [("arrival", None, str(bed)), ("departure", str(bed), None)]
    assert (
        await ward.admin.fetchval(
            "SELECT count(*) FROM occupancy WHERE bed_id = $1 AND upper_inf(period)", bed
        )
        == 0
    )


async def test_nobody_departs_twice_or_without_having_been_there(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.waits_for(department)
    assert code_of(await departure(ward, admission)) == (409, "not_in_a_bed")
    await ward.arrives(admission)
    await ward.departs(admission)
    assert code_of(await departure(ward, admission)) == (409, "not_in_a_bed")


async def test_a_departure_may_be_reported_late(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    arrived = await ward.admin.fetchval("SELECT since FROM placement WHERE admission_id = $1", admission)
    before, later = arrived - timedelta(seconds=1), await ward.now() + timedelta(hours=1)

    for wrong in (before, later):
        answer = await departure(ward, admission, occurred_at=wrong.isoformat())
        assert code_of(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == "body.occurred_at"

    reported = arrived + timedelta(microseconds=1)
    assert (await departure(ward, admission, occurred_at=reported.isoformat())).status_code == 200
    row = await ward.admin.fetchrow(
        "SELECT occurred_at, moved_at FROM movement WHERE admission_id = $1 AND kind = 'departure'", admission
    )
    assert row is not None
    assert row["occurred_at"] == reported < row["moved_at"]


async def test_a_stay_may_be_reported_late_as_a_whole(ward: Ward):
    """Durations for people count from the reported times: whoever should have cleaned the bed is late by now."""
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission, now = await ward.waits_for(department), await ward.now()
    came, left = now - timedelta(hours=5), now - timedelta(hours=2)

    assert (await arrival(ward, admission, occurred_at=came.isoformat())).status_code == 201
    too_early = await departure(ward, admission, occurred_at=(came - timedelta(minutes=1)).isoformat())
    assert code_of(too_early) == (422, "invalid")
    assert (await departure(ward, admission, occurred_at=left.isoformat())).status_code == 200

    found = (await ward.bed_manager.get(f"/v1/placements/{admission}/movements")).json()["items"]
    assert [datetime.fromisoformat(one["occurred_at"]) for one in found] == [came, left]
    assert all(datetime.fromisoformat(one["moved_at"]) >= now for one in found)
    assert datetime.fromisoformat((await ward.open_job(bed))["requested_at"]) == left


async def test_nobody_arrives_before_the_last_departure(ward: Ward):
    department, patient = await ward.a_department(), new_id()
    await ward.a_bed(department)
    await ward.departs(await ward.in_bed(department, patient=patient))
    await ward.a_bed(department)
    again = await ward.waits_for(department, patient=patient)

    answer = await arrival(ward, again, occurred_at=(await ward.now() - timedelta(minutes=5)).isoformat())
    assert code_of(answer) == (422, "invalid")


async def test_the_patient_of_a_departed_admission_may_come_again(ward: Ward):
    department, patient = await ward.a_department(), new_id()
    for _ in range(2):
        await ward.a_bed(department)
        admission = await ward.in_bed(department, patient=patient)
        await ward.departs(admission)


async def test_a_departure_has_one_of_the_known_reasons(ward: Ward):
    bed = await ward.a_bed(state=BedState.OCCUPIED)
    admission = UUID((await ward.bed(bed))["admission_id"])
    reasons = (await ward.bed_manager.get("/v1/departure_reasons")).json()["items"]
    known = [reason["code"] for reason in reasons]
    assert {"home", "deceased", "against_advice", "unspecified"} <= set(known)

    refused = await departure(ward, admission, reason_code="bored")

    assert code_of(refused) == (422, "invalid")
    (error,) = refused.json()["errors"]
    assert (error["field"], error["message"]) == ("body.reason_code", f"one of {', '.join(known)}")
    assert (await ward.bed(bed))["state"] == "occupied"
    left = await departure(ward, admission, reason_code="against_advice")
    assert left.json()["left_reason_code"] == "against_advice"


# Move


async def test_a_move_leaves_the_old_bed_dirty(ward: Ward):
    department = await ward.a_department()
    old, new = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, old)

    answer = await move(ward, admission, new)

    assert (answer.status_code, answer.json()["bed_id"]) == (201, str(new))
    assert (await ward.bed(old))["state"] == "dirty"
    assert (await ward.open_job(old))["type"] == "transfer"
    assert (await ward.bed(new))["admission_id"] == str(admission)
    assert (await ward.told(admission))[-1] == "moved"
    assert (await movements(ward, admission))[-1] == ("move", str(old), str(new))


async def test_back_in_the_own_dirty_bed_there_is_nothing_to_clean(ward: Ward):
    department = await ward.a_department()
    old, new = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, old)
    await move(ward, admission, new)
    job = await ward.open_job(old)

    assert (await move(ward, admission, old)).status_code == 201

    assert (await ward.bed(old))["state"] == "occupied"
    assert await ward.told(UUID(job["id"])) == ["requested", "cancelled"]
    assert (await ward.open_job(new))["type"] == "transfer"


async def test_once_its_cleaning_has_started_the_own_bed_is_no_longer_free(ward: Ward):
    department = await ward.a_department()
    old, new = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, old)
    await move(ward, admission, new)
    await ward.does("/v1/cleaning_jobs/{}/start", (await ward.open_job(old))["id"])
    assert code_of(await move(ward, admission, old)) == (409, "bed_not_ready")


async def test_the_dirty_bed_of_another_is_free_for_nobody(ward: Ward):
    department = await ward.a_department()
    old, new, third = [await ward.a_bed(department) for _ in range(3)]
    admission, other = await ward.in_bed(department, old), await ward.in_bed(department, third)
    await move(ward, admission, new)
    assert code_of(await move(ward, other, old)) == (409, "bed_not_ready")
    waiting = await ward.waits_elsewhere()
    assert code_of(await arrival(ward, waiting, old)) == (409, "bed_not_ready")


async def test_the_own_dirty_bed_is_not_held(ward: Ward):
    """It is free for the patient's arrival, never for a hold."""
    department, patient = await ward.a_department(), new_id()
    bed = await ward.a_bed(department)
    admission = await ward.in_bed(department, patient=patient)
    await ward.departs(admission)

    await ward.says(
        Wish(
            admission, patient, Want(department, None, Priority.URGENT, Needs(), True, await ward.now()), 2, 2
        )
    )
    assert (await ward.placement(admission))["refusal"] == "no_bed"
    body = {"admission_id": str(admission)}
    assert code_of(await ward.bed_manager.post(f"/v1/beds/{bed}/holds", json=body)) == (409, "bed_not_ready")

    assert (await arrival(ward, admission, bed)).status_code == 201


async def test_a_move_stays_within_the_department(ward: Ward):
    department = await ward.a_department()
    old, elsewhere = await ward.a_bed(department), await ward.a_bed()
    admission = await ward.in_bed(department)
    assert code_of(await move(ward, admission, elsewhere)) == (409, "transfer_needed")
    assert code_of(await move(ward, admission, old)) == (409, "already_there")
    assert (await ward.bed(old))["state"] == "occupied"


async def test_nobody_moves_who_is_not_in_a_bed(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.waits_for(department)
    assert code_of(await move(ward, admission, await ward.a_bed(department))) == (409, "not_in_a_bed")


async def test_a_charge_nurse_moves_and_holds_in_the_own_department_only(ward: Ward):
    department, other = await ward.a_department(), await ward.a_department()
    bed, elsewhere = await ward.a_bed(department), await ward.a_bed(other)
    nurse = ward.staff("charge_nurse", [department])
    body = {"admission_id": str(await ward.waits_elsewhere())}
    assert code_of(await nurse.post(f"/v1/beds/{elsewhere}/holds", json=body)) == (403, "forbidden")
    assert (await nurse.post(f"/v1/beds/{bed}/holds", json=body)).status_code == 201


# Holds


async def test_one_admission_holds_one_bed(ward: Ward):
    first, second, admission = await ward.a_bed(), await ward.a_bed(), await ward.waits_elsewhere()
    await ward.holds(admission, first)
    body = {"admission_id": str(admission)}
    answer = await ward.bed_manager.post(f"/v1/beds/{first}/holds", json=body)
    assert code_of(answer) == (409, "admission_already_holds")

    await ward.holds(admission, second)

    assert [(await ward.bed(bed))["state"] for bed in (first, second)] == ["available", "held"]


async def test_a_released_bed_is_available_and_its_patient_waits_for_a_person(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.waits_for(department)
    hold = (await ward.bed(bed))["hold_id"]

    assert (await ward.bed_manager.delete(f"/v1/beds/{bed}/holds/{hold}")).status_code == 204

    await ward.places_all()
    assert (await ward.bed(bed))["state"] == "available"
    placement = await ward.placement(admission)
    assert (placement["state"], placement["refusal"]) == ("queued", "released")


async def test_nobody_in_a_bed_holds_another(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    answer = await ward.bed_manager.post(
        f"/v1/beds/{await ward.a_bed()}/holds", json={"admission_id": str(admission)}
    )
    assert code_of(answer) == (409, "not_waiting")


async def test_a_bed_is_not_held_for_an_unknown_admission(ward: Ward):
    answer = await ward.bed_manager.post(
        f"/v1/beds/{await ward.a_bed()}/holds", json={"admission_id": str(uuid4())}
    )
    assert code_of(answer) == (422, "unknown_admission")


async def test_a_hold_on_a_bed_that_has_changed_is_refused(ward: Ward):
    bed, admission = await ward.a_bed(), await ward.waits_elsewhere()
    tag = (await ward.bed_manager.get(f"/v1/beds/{bed}")).headers["etag"]
    await ward.staff("admin").patch(f"/v1/beds/{bed}", json={"code": "moved"})
    answer = await ward.bed_manager.post(
        f"/v1/beds/{bed}/holds", json={"admission_id": str(admission)}, headers={"if-match": tag}
    )
    assert code_of(answer) == (412, "precondition_failed")


async def test_a_hold_is_not_given_back_once_its_bed_has_changed(ward: Ward):
    bed, admission = await ward.a_bed(), await ward.waits_elsewhere()
    hold = await ward.holds(admission, bed)
    tag = (await ward.bed_manager.get(f"/v1/beds/{bed}")).headers["etag"]
    await ward.staff("admin").patch(f"/v1/beds/{bed}", json={"code": "moved"})
    answer = await ward.bed_manager.delete(f"/v1/beds/{bed}/holds/{hold}", headers={"if-match": tag})
    assert code_of(answer) == (412, "precondition_failed")
    assert (await ward.placement(admission))["state"] == "held"


async def test_a_hold_is_given_back_under_the_tag_it_was_answered_with(ward: Ward):
    bed, admission = await ward.a_bed(), await ward.waits_elsewhere()
    held = await ward.bed_manager.post(f"/v1/beds/{bed}/holds", json={"admission_id": str(admission)})
    path, seen = f"/v1/beds/{bed}/holds/{held.json()['id']}", {"if-match": held.headers["etag"]}
    assert (await ward.bed_manager.delete(path, headers=seen)).status_code == 204


# Readiness


async def test_a_dirty_bed_is_declared_ready_for_a_reason(ward: Ward):
    bed = await ward.a_bed(state=BedState.DIRTY)
    job = await ward.open_job(bed)
    answer = await ward.bed_manager.post(f"/v1/beds/{bed}/ready_override", json={"reason_code": "urgent"})
    assert (answer.status_code, answer.json()["state"]) == (200, "available")
    assert answer.json()["last_sanitized_at"] is None
    assert (await ward.last_told(bed))["reason_code"] == "urgent"
    assert await ward.told(UUID(job["id"])) == ["requested", "cancelled"]


@pytest.mark.parametrize("state", [state for state in BedState if state not in ("dirty", "inspect")], ids=str)
async def test_only_a_dirty_bed_is_declared_ready(ward: Ward, state: BedState):
    bed = await ward.a_bed(state=state)
    answer = await ward.bed_manager.post(f"/v1/beds/{bed}/ready_override", json={"reason_code": "urgent"})
    assert code_of(answer) == (409, "bed_not_dirty")


async def test_a_bed_is_blocked_and_comes_back_dirty(ward: Ward):
    bed = await ward.a_bed()
    block = {"reason_code": "repair", "return_expected_at": "2030-01-01T00:00:00Z"}
    for far in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        never = block | {"return_expected_at": far}
        assert code_of(await ward.bed_manager.post(f"/v1/beds/{bed}/block", json=never)) == (422, "invalid")
    blocked = (await ward.bed_manager.post(f"/v1/beds/{bed}/block", json=block)).json()
    assert (blocked["state"], blocked["status"], blocked["hl7_status"]) == ("blocked", "maintenance", "C")
    assert (blocked["block_reason_code"], blocked["return_expected_at"][:4]) == ("repair", "2030")

    back = (await ward.bed_manager.post(f"/v1/beds/{bed}/unblock")).json()
    assert (back["state"], back["block_reason_code"], back["return_expected_at"]) == ("dirty", None, None)
    assert (await ward.open_job(bed))["type"] == "daily"


async def test_a_bed_is_closed_and_comes_back_dirty(ward: Ward):
    bed, admin = await ward.a_bed(), ward.staff("admin")
    assert (await admin.post(f"/v1/beds/{bed}/close")).json()["state"] == "closed"
    assert code_of(await admin.post(f"/v1/beds/{bed}/close")) == (409, "wrong_state")
    assert (await admin.post(f"/v1/beds/{bed}/open")).json()["state"] == "dirty"
    assert (await ward.open_job(bed))["type"] == "daily"
    assert (await admin.delete(f"/v1/beds/{bed}")).status_code == 204
    assert await ward.told(bed) == ["added", "readied", "closed", "opened", "closed"]
    assert [job["state"] for job in await ward.jobs(bed)] == ["cancelled", "cancelled"]


@pytest.mark.parametrize("state", [BedState.HELD, BedState.OCCUPIED], ids=str)
async def test_a_bed_with_a_patient_or_held_for_one_is_neither_blocked_nor_closed(
    ward: Ward, state: BedState
):
    bed, admin = await ward.a_bed(state=state), ward.staff("admin")
    block = await ward.bed_manager.post(f"/v1/beds/{bed}/block", json={"reason_code": "repair"})
    for answer in (block, await admin.post(f"/v1/beds/{bed}/close"), await admin.delete(f"/v1/beds/{bed}")):
        assert code_of(answer) == (409, "bed_occupied")
    assert (await ward.bed(bed))["state"] == state


@pytest.mark.parametrize("state", [BedState.BLOCKED, BedState.CLOSED, BedState.CLEANING], ids=str)
async def test_a_bed_out_of_use_is_not_blocked(ward: Ward, state: BedState):
    bed = await ward.a_bed(state=state)
    answer = await ward.bed_manager.post(f"/v1/beds/{bed}/block", json={"reason_code": "repair"})
    assert code_of(answer) == (409, "wrong_state")


async def test_nothing_is_to_be_cleaned_in_a_bed_out_of_use(ward: Ward):
    """What was asked for while it was available gives way when it is blocked."""
    bed = await ward.a_bed()
    job = (await ward.does("/v1/cleaning_jobs", bed_id=str(bed), type="daily")).json()["id"]
    await ward.does("/v1/beds/{}/block", bed, role="bed_manager", reason_code="repair")
    assert await ward.told(UUID(job)) == ["requested", "cancelled"]


# The places


async def test_a_department_closes_with_its_free_beds(ward: Ward):
    department = await ward.a_department()
    states = (BedState.AVAILABLE, BedState.DIRTY, BedState.BLOCKED, BedState.CLOSED)
    beds = [await ward.a_bed(department, state) for state in states]

    assert (await ward.staff("admin").delete(f"/v1/departments/{department}")).status_code == 204

    assert {(await ward.bed(bed))["state"] for bed in beds} == {"closed"}
    open_jobs = [job for bed in beds for job in await ward.jobs(bed) if job["state"] == "requested"]
    assert open_jobs == []
    assert await ward.told(department) == ["opened", "closed"]


@pytest.mark.parametrize("state", [BedState.HELD, BedState.OCCUPIED, BedState.CLEANING], ids=str)
async def test_a_department_in_use_does_not_close(ward: Ward, state: BedState):
    department = await ward.a_department()
    bed = await ward.a_bed(department, state)
    free = await ward.a_bed(department)
    answer = await ward.staff("admin").delete(f"/v1/departments/{department}")
    assert code_of(answer) == (409, "department_in_use")
    assert [(await ward.bed(one))["state"] for one in (bed, free)] == [state, "available"]


async def test_a_closed_department_gets_no_beds_and_opens_none(ward: Ward):
    department, admin = await ward.a_department(), ward.staff("admin")
    bed = await ward.a_bed(department)
    await admin.delete(f"/v1/departments/{department}")

    new = {"department_id": str(department), "code": "X1"}
    assert code_of(await admin.post("/v1/beds", json=new)) == (409, "department_closed")
    assert code_of(await admin.post("/v1/rooms", json=new)) == (409, "department_closed")
    assert code_of(await admin.post(f"/v1/beds/{bed}/open")) == (409, "department_closed")
    assert code_of(await admin.delete(f"/v1/departments/{department}")) == (409, "department_closed")
    assert code_of(await ward.bed_manager.post(f"/v1/beds/{bed}/open")) == (403, "forbidden")
    assert code_of(await admin.post(f"/v1/beds/{new_id()}/open")) == (404, "not_found")


async def test_a_room_closes_after_its_beds(ward: Ward):
    department, admin = await ward.a_department(), ward.staff("admin")
    room = (await admin.post("/v1/rooms", json={"department_id": str(department), "code": "R1"})).json()["id"]
    new = {"department_id": str(department), "room_id": room, "code": "B1"}
    bed = (await admin.post("/v1/beds", json=new)).json()["id"]

    assert code_of(await admin.delete(f"/v1/rooms/{room}")) == (409, "room_in_use")
    await admin.delete(f"/v1/beds/{bed}")
    assert (await admin.delete(f"/v1/rooms/{room}")).status_code == 204
    assert code_of(await admin.post("/v1/beds", json=new | {"code": "B2"})) == (422, "invalid")

    assert code_of(await admin.post(f"/v1/beds/{bed}/open")) == (409, "room_out_of_use")
    other = (await admin.post("/v1/rooms", json={"department_id": str(department), "code": "R2"})).json()[
        "id"
    ]
    assert (await admin.patch(f"/v1/beds/{bed}", json={"room_id": other})).status_code == 200
    assert (await admin.post(f"/v1/beds/{bed}/open")).status_code == 200


async def test_codes_are_taken_once_among_what_is_in_use(ward: Ward):
    admin = ward.staff("admin")
    department = {"code": f"D-{new_id().hex[:8]}", "name": "Ward"}
    first = (await admin.post("/v1/departments", json=department)).json()["id"]
    assert code_of(await admin.post("/v1/departments", json=department)) == (409, "code_taken")
    bed = {"department_id": first, "code": "B1"}
    closed = (await admin.post("/v1/beds", json=bed)).json()["id"]
    assert code_of(await admin.post("/v1/beds", json=bed)) == (409, "code_taken")

    await admin.delete(f"/v1/beds/{closed}")
    assert (await admin.post("/v1/beds", json=bed)).status_code == 201
    assert code_of(await admin.post(f"/v1/beds/{closed}/open")) == (409, "code_taken")


async def test_a_bed_stays_in_its_department_when_its_room_changes(ward: Ward):
    department, other, admin = await ward.a_department(), await ward.a_department(), ward.staff("admin")
    bed = await ward.a_bed(department)
    foreign = (await admin.post("/v1/rooms", json={"department_id": str(other), "code": "R1"})).json()["id"]
    assert code_of(await admin.patch(f"/v1/beds/{bed}", json={"room_id": foreign})) == (422, "invalid")


# The queue


async def test_without_a_free_bed_patients_wait(ward: Ward):
    admission = await ward.waits_for(await ward.a_department())
    placement = await ward.placement(admission)
    assert (placement["state"], placement["refusal"]) == ("queued", "no_bed")
    assert await ward.told(admission) == ["queued"]


async def test_the_most_urgent_goes_first_and_then_who_has_waited_longest(ward: Ward):
    department = await ward.a_department()
    arrivals = [Priority.ELECTIVE, Priority.URGENT, Priority.EMERGENCY, Priority.URGENT, Priority.EMERGENCY]
    waiting = [await ward.waits_for(department, priority=priority) for priority in arrivals]
    placed: list[int] = []

    for _ in waiting:
        await ward.a_bed(department)
        assert await ward.places_next()
        states = [(await ward.placement(admission))["state"] for admission in waiting]
        placed += [n for n, state in enumerate(states) if state == "held" and n not in placed]

    assert placed == [2, 4, 1, 3, 0]
    assert await ward.places_next() is False


async def test_who_was_heard_of_late_has_waited_as_long(ward: Ward):
    """Kafka keeps no order between admissions, and after an outage it matters."""
    department, earlier = await ward.a_department(), await ward.now()
    heard_first = await ward.waits_for(department)
    wanted_first = await ward.waits_for(department, since=earlier)

    path = f"/v1/placements?department_id={department}&state=queued"
    queue = (await ward.bed_manager.get(path)).json()["items"]
    assert [placement["admission_id"] for placement in queue] == [str(wanted_first), str(heard_first)]
    await ward.a_bed(department)
    await ward.places_all()
    assert (await ward.placement(wanted_first))["state"] == "held"


async def test_a_new_want_does_not_lose_the_place_in_the_queue(ward: Ward):
    department = await ward.a_department()
    first_patient, since = new_id(), await ward.now()
    first = await ward.waits_for(department, patient=first_patient, since=since)
    await ward.waits_for(department)
    want = Want(department, None, Priority.URGENT, Needs(), ready=True, requested_at=since)
    await ward.says(Wish(first, first_patient, want, 2, 1))

    await ward.a_bed(department)
    await ward.places_all()

    assert (await ward.placement(first))["state"] == "held"


async def test_who_wants_one_certain_bed_waits_for_it(ward: Ward):
    department = await ward.a_department()
    wanted, other = await ward.a_bed(department, BedState.DIRTY), await ward.a_bed(department)
    admission = await ward.waits_for(department, bed=wanted)
    await ward.places_all()
    assert (await ward.placement(admission))["state"] == "queued"

    await ward.bed_manager.post(f"/v1/beds/{wanted}/ready_override", json={"reason_code": "clean"})
    await ward.places_all()

    assert (await ward.placement(admission))["bed_id"] == str(wanted)
    assert (await ward.bed(other))["state"] == "available"


async def test_who_wants_one_certain_bed_does_not_hold_up_the_others(ward: Ward):
    department = await ward.a_department()
    occupied = await ward.a_bed(department, BedState.DIRTY)
    particular = await ward.waits_for(department, bed=occupied, priority=Priority.EMERGENCY)
    modest = await ward.waits_for(department, priority=Priority.ELECTIVE)
    await ward.a_bed(department)

    await ward.places_all()

    states = [(await ward.placement(admission))["state"] for admission in (particular, modest)]
    assert states == ["queued", "held"]


async def test_a_bed_of_another_department_is_not_given(ward: Ward):
    admission = await ward.waits_elsewhere()
    bed = await ward.a_bed()
    await ward.places_all()
    assert (await ward.placement(admission))["state"] == "queued"
    assert (await ward.bed(bed))["state"] == "available"


async def test_an_urgent_want_takes_no_bed_that_is_held(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    first = await ward.waits_for(department, priority=Priority.ELECTIVE)
    await ward.waits_for(department, priority=Priority.EMERGENCY)
    await ward.places_all()
    assert (await ward.bed(bed))["admission_id"] == str(first)


async def test_what_was_taken_back_does_not_hinder_a_late_report(ward: Ward):
    """An arrival by mistake, taken back: the true one was before that."""
    department, now = await ward.a_department(), await ward.now()
    bed = await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    await ward.reverses(admission, Reversible.ARRIVAL)
    earlier = (now - timedelta(minutes=20)).isoformat()
    answer = await ward.bed_manager.post(
        f"/v1/placements/{admission}/arrival", json={"bed_id": str(bed), "occurred_at": earlier}
    )
    assert answer.status_code == 201, answer.text
