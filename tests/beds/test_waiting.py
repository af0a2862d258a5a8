"""Who waits for a bed, in which turn and for how long, and who is expected."""

from datetime import timedelta
from uuid import UUID

from beds.domain.bed import BedState
from beds.domain.placement import Priority
from tests.beds.ward import Ward


async def waits(ward: Ward, department: UUID, priority: Priority, minutes: int) -> str:
    """Has waited for so long."""
    since = await ward.now() - timedelta(minutes=minutes)
    return str(await ward.waits_for(department, priority=priority, since=since))


async def test_the_queue_is_in_the_order_in_which_beds_are_given(ward: Ward):
    department = await ward.a_department()
    elective = await waits(ward, department, Priority.ELECTIVE, 300)
    urgent = await waits(ward, department, Priority.URGENT, 20)
    longer = await waits(ward, department, Priority.URGENT, 45)
    emergency = await waits(ward, department, Priority.EMERGENCY, 1)
    await waits(ward, await ward.a_department(), Priority.EMERGENCY, 500)

    queue = await ward.report("queue", department_id=department)
    shown = [(one["turn"], one["admission_id"]) for one in queue]
    assert shown == [(1, emergency), (2, longer), (3, urgent), (4, elective)]
    for turn, admission in shown:
        bed = await ward.a_bed(department)
        await ward.places_all()
        assert (await ward.bed(bed))["admission_id"] == admission, turn


async def test_waiting_is_counted_from_the_moment_a_bed_was_wanted(ward: Ward):
    department = await ward.a_department()
    await waits(ward, department, Priority.URGENT, 45)
    (one,) = await ward.report("queue", department_id=department)
    assert 45 <= one["waiting_minutes"] < 46
    bed = await ward.a_bed(department)
    await ward.places_all()
    assert await ward.report("queue", department_id=department) == []

    await ward.lapses(bed)
    (one,) = await ward.report("queue", department_id=department)
    assert (45 <= one["waiting_minutes"] < 46, one["refusal"]) == (True, "no_bed")


async def test_who_gets_no_bed_without_a_person_comes_after_all_others(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    first = await waits(ward, department, Priority.EMERGENCY, 90)
    await ward.lapses(bed)
    second = await waits(ward, department, Priority.ELECTIVE, 1)
    await ward.sweeps_all()
    third = await waits(ward, department, Priority.ELECTIVE, 1)
    queue = [
        (one["admission_id"], one["turn"]) for one in await ward.report("queue", department_id=department)
    ]
    assert queue == [(third, 1), (first, 2)]
    assert (await ward.bed(bed))["admission_id"] == second


async def test_expected_are_those_with_a_bed_held_and_those_who_wait(ward: Ward):
    department = await ward.a_department()
    held = await ward.a_bed(department)
    coming, waiting = await ward.waits_for(department), await ward.waits_for(department)
    there = await ward.a_bed(department, BedState.OCCUPIED)
    expected = await ward.report("arrivals_expected", department_id=department)
    assert [(one["admission_id"], one["state"], one["bed_id"]) for one in expected] == [
        (str(coming), "held", str(held)),
        (str(waiting), "queued", None),
    ]
    assert expected[0]["held_until"] == (await ward.bed(held))["held_until"]
    assert str(there) not in str(expected)


async def test_the_queue_of_a_department_is_counted(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    await ward.waits_for(department)
    for priority, minutes in ((Priority.EMERGENCY, 10), (Priority.URGENT, 20), (Priority.URGENT, 60)):
        await waits(ward, department, priority, minutes)
    (counted,) = await ward.report("queue/by_department", department_id=department)
    assert {name: counted[name] for name in ("waiting", "emergency", "urgent", "elective", "held")} == {
        "waiting": 3,
        "emergency": 1,
        "urgent": 2,
        "elective": 0,
        "held": 1,
    }
    assert (60 <= counted["longest_minutes"] < 61, 20 <= counted["median_minutes"] < 21) == (True, True)
    assert 30 <= counted["mean_minutes"] < 31
    assert (counted["waiting_for_a_person"], counted["available_beds"]) == (0, 0)

    await ward.lapses(bed)
    (counted,) = await ward.report("queue/by_department", department_id=department)
    assert (counted["waiting"], counted["waiting_for_a_person"]) == (4, 1)
    assert (counted["held"], counted["available_beds"]) == (0, 1)


async def test_a_department_for_which_nobody_waits_has_an_empty_queue(ward: Ward):
    department = await ward.a_department()
    (counted,) = await ward.report("queue/by_department", department_id=department)
    assert (counted["waiting"], counted["longest_minutes"], counted["held"]) == (0, None, 0)
