"""Many people at the same bed or the same patient in the same moment: one of them wins, the others are told why."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from uuid import UUID, uuid4

import httpx2

from beds.domain.bed import BedState
from beds.domain.placement import Wish
from common.ids import new_id
from tests.beds.ward import Ward, code_of


def outcomes(answers: Iterable[httpx2.Response]) -> Counter[int | tuple[int, str]]:
    """How often each status came, refusals with their code."""
    return Counter(answer.status_code if answer.is_success else code_of(answer) for answer in answers)


def hold(ward: Ward, bed: UUID, admission: UUID, headers: dict[str, str] | None = None):
    body = {"admission_id": str(admission)}
    return ward.bed_manager.post(f"/v1/beds/{bed}/holds", json=body, headers=headers)


def arrive(ward: Ward, admission: UUID, bed: UUID | None = None, headers: dict[str, str] | None = None):
    body = {"bed_id": str(bed)} if bed else {}
    return ward.bed_manager.post(f"/v1/placements/{admission}/arrival", json=body, headers=headers)


def move(ward: Ward, admission: UUID, bed: UUID):
    return ward.bed_manager.post(f"/v1/placements/{admission}/moves", json={"bed_id": str(bed)})


async def test_of_fifty_holds_on_one_bed_one_wins(ward: Ward):
    bed, elsewhere = await ward.a_bed(), await ward.a_department()
    waiting = [await ward.waits_for(elsewhere) for _ in range(50)]

    answers = await asyncio.gather(*(hold(ward, bed, admission) for admission in waiting))

    assert outcomes(answers) == {201: 1, (409, "bed_taken"): 49}
    (winner,) = [answer.json() for answer in answers if answer.is_success]
    shown = await ward.bed(bed)
    assert (shown["state"], shown["hold_id"]) == ("held", winner["id"])
    assert shown["admission_id"] == winner["admission_id"]
    assert (await ward.told(bed)).count("held") == 1
    assert await ward.admin.fetchval("SELECT count(*) FROM occupancy WHERE bed_id = $1", bed) == 1


async def test_of_ten_holds_for_one_admission_the_last_one_stays(ward: Ward):
    department = await ward.a_department()
    admission = await ward.waits_elsewhere()
    beds = [await ward.a_bed(department) for _ in range(10)]

    answers = await asyncio.gather(*(hold(ward, bed, admission) for bed in beds))

    assert outcomes(answers) == {201: 10}  # each takes over from the one before
    states = Counter([(await ward.bed(bed))["state"] for bed in beds])
    assert states == {"held": 1, "available": 9}


async def test_of_fifty_wants_for_one_bed_one_is_held_and_the_others_wait(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)

    admissions = await asyncio.gather(*(ward.waits_for(department) for _ in range(50)))

    placements = [await ward.placement(admission) for admission in admissions]
    assert Counter((p["state"], p["refusal"]) for p in placements) == {
        ("held", None): 1,
        ("queued", "no_bed"): 49,
    }
    assert (await ward.bed(bed))["state"] == "held"


async def test_one_patient_arrives_in_two_beds_at_once(ward: Ward):
    patient = new_id()
    one, other = await ward.a_bed(), await ward.a_bed()
    admissions = [await ward.waits_elsewhere(patient) for _ in range(2)]

    answers = await asyncio.gather(arrive(ward, admissions[0], one), arrive(ward, admissions[1], other))

    assert outcomes(answers) == {201: 1, (409, "patient_in_another_bed"): 1}
    states = {(await ward.bed(bed))["state"] for bed in (one, other)}
    assert states == {"occupied", "available"}


async def test_two_patients_arrive_in_one_bed_at_once(ward: Ward):
    bed = await ward.a_bed()
    admissions = [await ward.waits_elsewhere() for _ in range(2)]

    answers = await asyncio.gather(*(arrive(ward, admission, bed) for admission in admissions))

    assert outcomes(answers) == {201: 1, (409, "bed_taken"): 1}
    assert await ward.admin.fetchval("SELECT count(*) FROM occupancy WHERE bed_id = $1", bed) == 1


async def test_a_double_click_holds_once(ward: Ward):
    bed, admission = await ward.a_bed(), await ward.waits_elsewhere()

    click = {"idempotency-key": str(uuid4())}
    answers = await asyncio.gather(*(hold(ward, bed, admission, click) for _ in range(5)))

    assert outcomes(answers) == {201: 5}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await ward.told(bed)).count("held") == 1


async def test_a_double_click_arrives_once(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.waits_for(department)

    click = {"idempotency-key": str(uuid4())}
    answers = await asyncio.gather(*(arrive(ward, admission, headers=click) for _ in range(5)))

    assert outcomes(answers) == {201: 5}
    assert len({answer.text for answer in answers}) == 1
    assert (await ward.told(admission)).count("arrived") == 1


async def test_the_same_key_with_another_body_is_refused(ward: Ward):
    bed = await ward.a_bed()
    one, other = await ward.waits_elsewhere(), await ward.waits_elsewhere()

    click = {"idempotency-key": str(uuid4())}
    answers = await asyncio.gather(hold(ward, bed, one, click), hold(ward, bed, other, click))

    assert outcomes(answers) == {201: 1, (422, "idempotency_key_reused"): 1}


async def test_a_withdrawn_want_and_an_arrival_at_once(ward: Ward):
    """Whoever is first decides: a patient in the bed stays there, a withdrawn one does not arrive."""
    for _ in range(10):
        department = await ward.a_department()
        bed, patient = await ward.a_bed(department), new_id()
        admission = await ward.waits_for(department, patient=patient)

        answer, _ = await asyncio.gather(
            arrive(ward, admission), ward.says(Wish(admission, patient, None, 2, 1))
        )

        placement, shown = await ward.placement(admission), await ward.bed(bed)
        assert placement["want_version"] == 2
        if answer.is_success:
            assert (placement["state"], shown["state"]) == ("in_bed", "occupied")
        else:
            assert code_of(answer) == (409, "not_waiting")
            assert (placement["state"], shown["state"]) == ("withdrawn", "available")


async def test_a_release_and_an_arrival_at_once(ward: Ward):
    for _ in range(10):
        bed, admission = await ward.a_bed(), await ward.waits_elsewhere()
        hold_id = await ward.holds(admission, bed)

        arrival, release = await asyncio.gather(
            arrive(ward, admission), ward.bed_manager.delete(f"/v1/beds/{bed}/holds/{hold_id}")
        )

        assert arrival.is_success != release.is_success
        assert (await ward.bed(bed))["state"] == ("occupied" if arrival.is_success else "available")


async def test_moves_into_each_others_beds_end_without_a_fault(ward: Ward):
    """Opposite orders of the same two beds: refused, since a bed with somebody in it is taken, but never a 500."""
    department = await ward.a_department()
    one, other = await ward.a_bed(department), await ward.a_bed(department)
    first, second = await ward.in_bed(department, one), await ward.in_bed(department, other)

    for _ in range(10):
        answers = await asyncio.gather(move(ward, first, other), move(ward, second, one))
        assert outcomes(answers) == {(409, "bed_taken"): 2}
    assert {(await ward.bed(bed))["state"] for bed in (one, other)} == {"occupied"}


async def test_moves_through_shared_beds_in_opposite_orders_end_without_a_fault(ward: Ward):
    department = await ward.a_department()
    beds = [await ward.a_bed(department) for _ in range(4)]
    patients = [await ward.in_bed(department, bed) for bed in beds[:3]]

    async def wander(admission: UUID, route: list[UUID]) -> list[httpx2.Response]:
        return [await move(ward, admission, bed) for bed in route * 3]

    walks = [
        wander(patients[0], beds),
        wander(patients[1], beds[::-1]),
        wander(patients[2], beds[2:] + beds[:2]),
    ]
    answers = [answer for walk in await asyncio.gather(*walks) for answer in walk]

    assert {answer.status_code for answer in answers} <= {201, 409}
    occupied = [bed for bed in beds if (await ward.bed(bed))["state"] == "occupied"]
    places = [(await ward.placement(admission))["bed_id"] for admission in patients]
    assert sorted(places) == sorted(map(str, occupied))


async def test_a_bed_is_blocked_and_held_at_once(ward: Ward):
    for _ in range(5):
        bed, admission = await ward.a_bed(), await ward.waits_elsewhere()
        answers = await asyncio.gather(
            hold(ward, bed, admission),
            ward.bed_manager.post(f"/v1/beds/{bed}/block", json={"reason_code": "repair"}),
        )
        assert [answer.is_success for answer in answers] in ([True, False], [False, True])
        assert (await ward.bed(bed))["state"] == ("held" if answers[0].is_success else "blocked")


async def test_cleaning_starts_while_the_patient_comes_back(ward: Ward):
    """Either the patient is in the own dirty bed again and the job is cancelled, or the cleaner was first."""
    for _ in range(10):
        department = await ward.a_department()
        old, new = await ward.a_bed(department), await ward.a_bed(department)
        admission = await ward.in_bed(department, old)
        await move(ward, admission, new)
        job = await ward.open_job(old)

        back, start = await asyncio.gather(
            move(ward, admission, old),
            ward.staff("housekeeping").post(f"/v1/cleaning_jobs/{job['id']}/start"),
        )

        assert back.is_success != start.is_success
        state = BedState.OCCUPIED if back.is_success else BedState.CLEANING
        assert (await ward.bed(old))["state"] == state
