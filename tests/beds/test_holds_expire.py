"""A hold that is over is none, though nobody has swept it: the sweeper is off in all of these but the last."""

import pytest

from beds.domain.bed import BedState
from tests.beds.ward import Ward, code_of


async def an_expired_hold(ward: Ward):
    """A bed of a department without other beds, and the admission whose hold on it is over."""
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.waits_for(department)
    await ward.lapses(bed)
    return bed, admission


async def test_a_hold_lives_half_an_hour_or_as_long_as_is_asked(ward: Ward):
    bed, other, admission = await ward.a_bed(), await ward.a_bed(), await ward.waits_elsewhere()
    before = await ward.now()
    for place, minutes, expected in ((bed, {}, 30), (other, {"minutes": 7}, 7)):
        body = {"admission_id": str(admission), **minutes}
        answer = await ward.bed_manager.post(f"/v1/beds/{place}/holds", json=body)
        assert answer.status_code == 201
        end = await ward.admin.fetchval("SELECT held_until FROM bed WHERE id = $1", place)
        assert expected * 60 <= (end - before).total_seconds() < expected * 60 + 30


async def test_an_expired_hold_is_not_shown(ward: Ward):
    bed, admission = await an_expired_hold(ward)

    shown = await ward.bed(bed)
    assert (shown["state"], shown["status"], shown["hl7_status"]) == ("available", "available", "U")
    assert (shown["held"], shown["hold_id"], shown["held_until"]) == (False, None, None)
    assert (shown["admission_id"], shown["patient_id"]) == (None, None)
    placement = await ward.placement(admission)
    assert (placement["state"], placement["refusal"]) == ("queued", "expired")
    assert (placement["bed_id"], placement["hold_id"], placement["held_until"]) == (None, None, None)


async def test_an_expired_hold_is_filtered_as_it_is_shown(ward: Ward):
    bed, admission = await an_expired_hold(ward)
    department = (await ward.bed(bed))["department_id"]

    async def found(path: str) -> list[str]:
        answer = await ward.bed_manager.get(f"{path}&department_id={department}")
        return [item.get("id", item.get("admission_id")) for item in answer.json()["items"]]

    assert await found("/v1/beds?state=available") == [str(bed)]
    assert await found("/v1/beds?state=held") == []
    assert await found("/v1/placements?state=queued") == [str(admission)]
    assert await found("/v1/placements?state=held") == []


async def test_the_end_of_a_hold_changes_the_tags_although_no_row_changed(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.waits_for(department)
    paths = (f"/v1/beds/{bed}", f"/v1/placements/{admission}", f"/v1/beds?department_id={department}")
    tags = [(await ward.bed_manager.get(path)).headers["etag"] for path in paths]
    for path, tag in zip(paths, tags, strict=True):
        assert (await ward.bed_manager.get(path, headers={"if-none-match": tag})).status_code == 304

    await ward.lapses(bed)

    for path, tag in zip(paths, tags, strict=True):
        answer = await ward.bed_manager.get(path, headers={"if-none-match": tag})
        assert answer.status_code == 200
        assert answer.headers["etag"] != tag


async def test_a_command_with_the_tag_from_before_the_end_is_refused(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    await ward.waits_for(department)
    tag = (await ward.bed_manager.get(f"/v1/beds/{bed}")).headers["etag"]
    await ward.lapses(bed)

    answer = await ward.bed_manager.post(
        f"/v1/beds/{bed}/block", json={"reason_code": "repair"}, headers={"if-match": tag}
    )

    assert code_of(answer) == (412, "precondition_failed")
    now = (await ward.bed_manager.get(f"/v1/beds/{bed}")).headers["etag"]
    assert answer.json()["etag"] == now


async def test_nobody_arrives_on_an_expired_hold(ward: Ward):
    bed, admission = await an_expired_hold(ward)
    answer = await ward.bed_manager.post(f"/v1/placements/{admission}/arrival", json={})
    assert code_of(answer) == (409, "hold_expired")
    assert (await ward.bed(bed))["state"] == "available"


async def test_the_bed_of_an_expired_hold_can_be_named(ward: Ward):
    """A direct arrival in what is a free bed."""
    bed, admission = await an_expired_hold(ward)
    await ward.arrives(admission, bed)
    assert (await ward.bed(bed))["state"] == "occupied"
    assert (await ward.placement(admission))["state"] == "in_bed"


async def test_somebody_else_arrives_in_the_bed_of_an_expired_hold(ward: Ward):
    bed, admission = await an_expired_hold(ward)
    other = await ward.waits_elsewhere()
    await ward.arrives(other, bed)
    assert (await ward.bed(bed))["admission_id"] == str(other)
    assert (await ward.placement(admission))["refusal"] == "expired"


async def test_an_expired_hold_is_not_released(ward: Ward):
    bed, _ = await an_expired_hold(ward)
    hold = await ward.admin.fetchval("SELECT hold_id FROM bed WHERE id = $1", bed)
    answer = await ward.bed_manager.delete(f"/v1/beds/{bed}/holds/{hold}")
    assert code_of(answer) == (409, "hold_expired")


async def test_an_expired_hold_keeps_its_end(ward: Ward):
    """Whatever closes it later does not make it last until then."""
    bed, admission = await an_expired_hold(ward)
    end = await ward.admin.fetchval("SELECT upper(period) FROM occupancy WHERE bed_id = $1", bed)

    await ward.holds(admission, await ward.a_bed())
    await ward.sweeps_all()

    ends = "SELECT upper(period) FROM occupancy WHERE bed_id = $1"
    assert await ward.admin.fetchval(ends, bed) == end


async def test_another_admission_holds_the_bed(ward: Ward):
    bed, admission = await an_expired_hold(ward)
    other = await ward.waits_elsewhere()
    hold = await ward.holds(other, bed)

    shown = await ward.bed(bed)
    assert (shown["state"], shown["hold_id"], shown["admission_id"]) == ("held", str(hold), str(other))
    answer = await ward.bed_manager.post(f"/v1/placements/{admission}/arrival", json={})
    assert code_of(answer) == (409, "hold_expired")
    answer = await ward.bed_manager.post(f"/v1/placements/{admission}/arrival", json={"bed_id": str(bed)})
    assert code_of(answer) == (409, "held_for_another")


async def test_the_same_admission_holds_the_bed_anew(ward: Ward):
    bed, admission = await an_expired_hold(ward)
    hold = await ward.holds(admission, bed)
    assert (await ward.placement(admission))["hold_id"] == str(hold)
    await ward.arrives(admission)
    assert (await ward.bed(bed))["state"] == "occupied"


async def test_the_queue_takes_the_bed_of_an_expired_hold(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    first, second = await ward.waits_for(department), await ward.waits_for(department)
    await ward.lapses(bed)

    await ward.places_all()

    assert (await ward.placement(first))["refusal"] == "expired"
    assert (await ward.placement(second))["bed_id"] == str(bed)


async def test_a_new_want_finds_the_bed_of_an_expired_hold(ward: Ward):
    bed, _ = await an_expired_hold(ward)
    department = await ward.admin.fetchval("SELECT department_id FROM bed WHERE id = $1", bed)
    other = await ward.waits_for(department)
    assert (await ward.placement(other))["bed_id"] == str(bed)


@pytest.mark.parametrize(
    ("role", "act", "state"),
    [("bed_manager", "block", BedState.BLOCKED), ("admin", "close", BedState.CLOSED)],
)
async def test_an_expired_hold_blocks_no_blocking_and_no_closing(
    ward: Ward, role: str, act: str, state: BedState
):
    bed, admission = await an_expired_hold(ward)
    body = {"reason_code": "repair"} if act == "block" else None
    answer = await ward.staff(role).post(f"/v1/beds/{bed}/{act}", json=body)
    assert answer.status_code == 200
    assert answer.json()["state"] == state
    assert answer.json()["admission_id"] is None

    await ward.sweeps_all()
    assert (await ward.bed(bed))["state"] == state
    assert (await ward.told(admission))[-1] == "queued"


async def test_an_expired_hold_does_not_keep_its_department_open(ward: Ward):
    bed, _ = await an_expired_hold(ward)
    department = (await ward.bed(bed))["department_id"]
    assert (await ward.staff("admin").delete(f"/v1/departments/{department}")).status_code == 204
    assert (await ward.bed(bed))["state"] == "closed"


async def test_the_department_of_an_expired_hold_is_that_of_the_want(ward: Ward):
    """Held elsewhere by a person; once that is over, the patient waits where a bed is wanted, swept or not."""
    bed, wanted = await ward.a_bed(), await ward.a_department()
    admission = await ward.waits_for(wanted)
    await ward.holds(admission, bed)
    await ward.lapses(bed)

    assert (await ward.placement(admission))["department_id"] == str(wanted)
    answer = await ward.bed_manager.get(f"/v1/placements?state=queued&department_id={wanted}")
    assert [item["admission_id"] for item in answer.json()["items"]] == [str(admission)]
    await ward.sweeps_all()
    assert (await ward.placement(admission))["department_id"] == str(wanted)


async def test_the_sweeper_tells_of_the_end_once(ward: Ward):
    await ward.sweeps_all()
    bed, admission = await an_expired_hold(ward)
    shown = await ward.bed(bed), await ward.placement(admission)

    assert await ward.sweeps() is True
    assert await ward.sweeps() is False

    assert (await ward.told(bed)).count("hold_expired") == 1
    assert (await ward.told(admission)) == ["held", "queued"]
    assert (await ward.last_told(admission))["refusal"] == "expired"
    for before, after in zip(shown, (await ward.bed(bed), await ward.placement(admission)), strict=True):
        told_only = {"version", "changed_at", "changed_by", "since"}
        assert {k: v for k, v in before.items() if k not in told_only} == {
            k: v for k, v in after.items() if k not in told_only
        }


async def test_a_living_hold_is_not_swept(ward: Ward):
    await ward.sweeps_all()
    bed = await ward.a_bed(state=BedState.HELD)
    assert await ward.sweeps() is False
    assert (await ward.bed(bed))["state"] == "held"


async def test_an_expired_placement_is_not_placed_again_by_itself(ward: Ward):
    """A person, an offer or a newer want is needed."""
    bed, admission = await an_expired_hold(ward)
    await ward.sweeps_all()
    await ward.places_all()
    assert (await ward.placement(admission))["state"] == "queued"
    assert (await ward.bed(bed))["state"] == "available"
