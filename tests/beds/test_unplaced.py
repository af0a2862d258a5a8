"""Why each in the queue has no bed."""

import csv
from io import StringIO
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from beds.domain.bed import BedState
from beds.domain.layout import SexPolicy
from beds.domain.movement import Reversible
from beds.domain.placement import Priority, Unplaced, Want, Wish
from beds.domain.rules import Isolation, Needs, PatientSex
from beds.records.places import Alike
from beds.reports.unplaced import Weighed, Why, weigh, why, with_reasons
from common.ids import new_id
from tests.beds.test_rules import PACK, needs_of_somebody, places
from tests.beds.test_suggestions import Counting
from tests.beds.ward import Json, Ward

MAN = Needs(sex=PatientSex.MALE)
AIRBORNE = Needs(sex=PatientSex.MALE, isolation=Isolation.AIRBORNE)


async def queued(ward: Ward, department: UUID) -> Json:
    """The row of the only one who waits for this department."""
    (one,) = await ward.report("queue", department_id=department)
    return one


def weighed(row: Json) -> tuple[int, int, dict[str, int]]:
    return row["free_beds"], row["suitable_beds"], row["ruled_out"]


async def test_there_is_no_free_bed(ward: Ward):
    department = await ward.a_department()
    for state in (BedState.DIRTY, BedState.BLOCKED, BedState.OCCUPIED):
        await ward.a_bed(department, state)
    await ward.waits_for(department)
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (Why.NO_BED_FREE, (0, 0, {}))


async def test_every_free_bed_is_ruled_out_and_by_which_rules(ward: Ward):
    department = await ward.a_department()
    for_women = await ward.a_room(department, sex_policy=SexPolicy.FEMALE)
    for _ in range(2):
        await ward.a_bed(department, room=for_women)
    await ward.a_bed(department)
    await ward.waits_for(department, needs=AIRBORNE)
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (
        Why.NO_BED_SUITS,
        (3, 0, {"negative_pressure": 3, "sex_policy": 2}),
    )
    assert list(row["ruled_out"]) == ["negative_pressure", "sex_policy"]


async def test_a_bed_that_suits_is_given_in_turn(ward: Ward):
    department = await ward.a_department()
    await ward.waits_for(department)
    await ward.a_bed(department)
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (Why.TURN, (1, 1, {}))


async def test_a_bed_that_was_declined_is_not_waited_for(ward: Ward):
    department = await ward.a_department()
    admission = await ward.waits_for(department)
    await ward.a_bed(department)
    await ward.places_all()
    await ward.does("/v1/placements/{}/offer/decline", admission, role="bed_manager", reason_code="too_far")
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (Why.OFFERED_BEFORE, (1, 1, {}))
    await ward.a_bed(department)
    assert (await queued(ward, department))["why"] == Why.TURN


async def test_the_named_bed_is_somebody_elses(ward: Ward):
    department = await ward.a_department()
    named = await ward.a_bed(department, BedState.OCCUPIED)
    await ward.a_bed(department)
    await ward.waits_for(department, bed=named)
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (Why.NAMED_BED_NOT_FREE, (0, 0, {}))


async def test_the_named_bed_became_free_and_does_not_suit(ward: Ward):
    """The want is still one that no bed was free for: it is tried again when the room has changed."""
    department = await ward.a_department()
    for_women = await ward.a_room(department, sex_policy=SexPolicy.FEMALE)
    named = await ward.a_bed(department, BedState.DIRTY, room=for_women)
    await ward.a_bed(department)
    await ward.waits_for(department, bed=named, needs=MAN)
    assert (await queued(ward, department))["why"] == Why.NAMED_BED_NOT_FREE
    await ward.does("/v1/beds/{}/ready_override", named, role="bed_manager", reason_code="clean")
    await ward.places_all()
    row = await queued(ward, department)
    assert (row["why"], row["refusal"], weighed(row)) == (
        *(Why.NAMED_BED_UNSUITED, "no_bed"),
        (1, 0, {"sex_policy": 1}),
    )


async def test_the_named_bed_was_held_and_suits_no_more(ward: Ward):
    department, patient = await ward.a_department(), new_id()
    named = await ward.a_bed(department)
    admission = await ward.waits_for(department, bed=named, patient=patient)
    want = Want(department, named, Priority.URGENT, AIRBORNE, ready=True, requested_at=await ward.now())
    await ward.says(Wish(admission, patient, want, 2, 1))
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (Why.NAMED_BED_UNSUITED, (1, 0, {"negative_pressure": 1}))


async def test_the_named_bed_that_was_refused_suits_now_and_a_person_decides(ward: Ward):
    department = await ward.a_department()
    room = await ward.a_room(department, sex_policy=SexPolicy.FEMALE)
    named = await ward.a_bed(department, room=room)
    await ward.waits_for(department, bed=named, needs=MAN)
    row = await queued(ward, department)
    assert (row["why"], row["refusal"]) == (Why.NAMED_BED_UNSUITED, "rule_failed")
    change = await ward.staff("admin").patch(f"/v1/rooms/{room}", json={"sex_policy": "any"})
    assert change.is_success
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (Why.PERSON, (1, 1, {}))


async def test_who_is_not_ready_to_move_is_told_as_such_with_the_beds_there_are(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    await ward.waits_for(department, ready=False)
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (Why.NOT_READY, (1, 1, {}))


@pytest.mark.parametrize("ended", ["released", "over", "reversed"])
async def test_after_a_hold_or_an_arrival_that_came_to_nothing_a_person_decides(ward: Ward, ended: str):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.waits_for(department)
    match ended:
        case "released":
            await ward.releases(bed, UUID((await ward.bed(bed))["hold_id"]))
        case "over":
            await ward.lapses(bed)
        case "reversed":
            await ward.arrives(admission)
            await ward.reverses(admission, Reversible.ARRIVAL)
            await ward.does("/v1/beds/{}/ready_override", bed, role="bed_manager", reason_code="clean")
    row = await queued(ward, department)
    assert (row["why"], weighed(row)) == (Why.PERSON, (1, 1, {}))


async def test_the_csv_names_rules_and_how_many_beds(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    await ward.waits_for(department, needs=Needs(isolation=Isolation.AIRBORNE, equipment=("ventilator",)))
    answer = await ward.bed_manager.get(
        "/v1/reports/queue", params={"department_id": str(department), "format": "csv"}
    )
    (row,) = csv.DictReader(StringIO(answer.text))
    assert (row["why"], row["free_beds"], row["suitable_beds"]) == ("no_bed_suits", "1", "0")
    assert row["ruled_out"] == "equipment:1 negative_pressure:1"


async def test_a_page_of_the_queue_asks_once_for_the_free_beds_of_all_departments(ward: Ward):
    departments = [await ward.a_department() for _ in range(3)]
    for department in (departments[1], *departments[2:] * 2):
        await ward.a_bed(department)
    queue: list[Json] = [
        {"department_id": department, "needs": {}, "refusal": "no_bed"}
        | dict.fromkeys(("wanted_bed_id", "reservation_id", "had"))
        for department in departments
        for _ in range(2)
    ]
    reader = Counting(ward.database.pool)
    told = await with_reasons(reader, queue)
    assert reader.asked == 1
    assert [row["free_beds"] for row in told] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("refusal", Unplaced)
@pytest.mark.parametrize("is_named", [False, True])
@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_only_whom_a_bed_is_offered_is_told_of_a_turn(
    refusal: Unplaced, is_named: bool, offerable: int, had: int, unsuited: int
):
    weighed = Weighed(offerable + had + unsuited, offerable + had, {}, offerable)
    told = why(refusal, weighed, is_named=is_named)
    assert (told is Why.TURN) == (refusal is Unplaced.NO_BED and offerable > 0)


HERE = new_id()
free_beds = st.lists(
    st.builds(
        Alike,
        department_id=st.sampled_from([str(HERE), str(new_id())]),
        room_id=st.none(),
        place=places,
        beds=st.lists(st.tuples(st.just("B"), st.uuids().map(str)), min_size=1, max_size=3),
    ),
    max_size=5,
)


@given(free_beds, needs_of_somebody)
def test_a_bed_suits_or_a_rule_rules_it_out(free: list[Alike], needs: Needs):
    count, suitable, ruled_out, _ = weigh(PACK, needs, free, HERE, None)
    here = [alike for alike in free if alike.department_id == str(HERE)]
    assert count == sum(len(alike.beds) for alike in here)
    assert max(ruled_out.values(), default=0) <= count - suitable <= sum(ruled_out.values())
    assert suitable == sum(len(alike.beds) for alike in here if not PACK.failed(alike.place, needs))
