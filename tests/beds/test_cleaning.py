"""Cleaning, from the departure until the bed is available again: people who do it, who wait for it, who look."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import httpx2
import pytest

from beds.domain.bed import BedState
from beds.domain.cleaning import CleaningType
from common.ids import new_id
from tests.beds.ward import Json, Ward, code_of

# From dirty to available


async def test_a_bed_is_cleaned_from_dirty_to_available(ward: Ward):
    bed = await ward.a_bed(state=BedState.DIRTY)
    job = await ward.open_job(bed)

    started = (await ward.does("/v1/cleaning_jobs/{}/start", job["id"])).json()
    assert (started["state"], started["started_by"][:5]) == ("started", "user/")
    place = await ward.bed(bed)
    assert (place["state"], place["hl7_status"], place["last_sanitized_at"]) == ("cleaning", "H", None)

    completed = (await ward.does("/v1/cleaning_jobs/{}/complete", job["id"])).json()
    place = await ward.bed(bed)
    assert (place["state"], place["last_sanitized_at"]) == ("available", completed["completed_at"])
    assert await ward.told(bed) == ["added", "changed", "readied"]


async def test_a_cleaning_job_goes_one_way(ward: Ward):
    job = (await ward.open_job(await ward.a_bed(state=BedState.DIRTY)))["id"]
    cleaner = ward.staff("housekeeping")
    assert code_of(await cleaner.post(f"/v1/cleaning_jobs/{job}/complete")) == (409, "wrong_state")
    await ward.does("/v1/cleaning_jobs/{}/start", job)
    assert code_of(await cleaner.post(f"/v1/cleaning_jobs/{job}/start")) == (409, "wrong_state")
    await ward.does("/v1/cleaning_jobs/{}/complete", job)
    assert code_of(await cleaner.post(f"/v1/cleaning_jobs/{job}/complete")) == (409, "wrong_state")
    assert code_of(await cleaner.post(f"/v1/cleaning_jobs/{new_id()}/start")) == (404, "not_found")


async def test_a_spill_beside_a_patient_leaves_the_patient_alone(ward: Ward):
    bed = await ward.a_bed(state=BedState.OCCUPIED)
    job = (await ward.does("/v1/cleaning_jobs", bed_id=str(bed), type="spill", priority="stat")).json()
    for act in ("start", "complete"):
        await ward.does("/v1/cleaning_jobs/{}/" + act, job["id"])
        assert (await ward.bed(bed))["state"] == "occupied"


async def test_a_spill_that_is_not_done_gives_way_to_the_cleaning_after_the_departure(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.in_bed(department)
    spill = (await ward.does("/v1/cleaning_jobs", bed_id=str(bed), type="spill")).json()["id"]
    await ward.does("/v1/cleaning_jobs/{}/start", spill)

    await ward.departs(admission)

    assert await ward.told(UUID(spill)) == ["requested", "started", "cancelled"]
    assert (await ward.open_job(bed))["type"] == "discharge"


async def test_a_bed_has_one_open_cleaning_job(ward: Ward):
    bed = await ward.a_bed(state=BedState.DIRTY)
    answer = await ward.staff("housekeeping").post(
        "/v1/cleaning_jobs", json={"bed_id": str(bed), "type": "spill"}
    )
    assert code_of(answer) == (409, "already_requested")


async def test_a_job_is_accepted_suspended_resumed_and_completed(ward: Ward):
    bed = await ward.a_bed(state=BedState.DIRTY)
    job = (await ward.open_job(bed))["id"]
    for act, state, place in (
        ("accept", "accepted", "dirty"),
        ("start", "started", "cleaning"),
        ("suspend", "suspended", "cleaning"),
        ("resume", "started", "cleaning"),
        ("complete", "completed", "available"),
    ):
        shown = (await ward.does("/v1/cleaning_jobs/{}/" + act, job)).json()
        assert (shown["state"], (await ward.bed(bed))["state"]) == (state, place)
    assert await ward.told(UUID(job)) == [
        *("requested", "accepted", "started", "suspended", "resumed", "completed")
    ]
    stamps = [shown[f"{word}_at"] for word in ("requested", "accepted", "started", "suspended", "completed")]
    assert stamps == sorted(stamps)
    assert (await ward.last_told(UUID(job)))["counted_from"] == shown["counted_from"] > shown["started_at"]


async def test_an_accepted_bed_is_still_the_patients_own(ward: Ward):
    """Nobody has touched it yet: the patient may come back."""
    department = await ward.a_department()
    old, new = await ward.a_bed(department), await ward.a_bed(department)
    admission = await ward.in_bed(department, old)
    await ward.moves(admission, new)
    job = UUID((await ward.open_job(old))["id"])
    await ward.does("/v1/cleaning_jobs/{}/accept", job)

    await ward.moves(admission, old)

    assert (await ward.bed(old))["state"] == "occupied"
    assert await ward.told(job) == ["requested", "accepted", "cancelled"]


async def test_of_two_who_accept_at_once_one_is_refused(ward: Ward):
    for _ in range(5):
        job = (await ward.open_job(await ward.a_bed(state=BedState.DIRTY)))["id"]
        people = [ward.staff("housekeeping") for _ in range(4)]
        answers = await asyncio.gather(*(who.post(f"/v1/cleaning_jobs/{job}/accept") for who in people))
        (winner,) = [answer.json() for answer in answers if answer.is_success]
        refused = [answer for answer in answers if not answer.is_success]
        assert [code_of(answer) for answer in refused] == [(409, "wrong_state")] * 3
        assert {answer.json()["changed_by"] for answer in refused} == {winner["accepted_by"]}


async def test_a_command_with_an_old_tag_is_refused(ward: Ward):
    job = (await ward.open_job(await ward.a_bed(state=BedState.DIRTY)))["id"]
    cleaner = ward.staff("housekeeping")
    tag = (await cleaner.get(f"/v1/cleaning_jobs/{job}")).headers["etag"]
    await ward.does("/v1/cleaning_jobs/{}/accept", job)
    answer = await cleaner.post(f"/v1/cleaning_jobs/{job}/start", headers={"if-match": tag})
    assert code_of(answer) == (412, "precondition_failed")


# Asked for by people


@pytest.mark.parametrize("kind", ["discharge", "transfer", "isolation_terminal"])
@pytest.mark.parametrize(
    "state",
    [BedState.AVAILABLE, BedState.HELD, BedState.OCCUPIED, BedState.BLOCKED, BedState.CLOSED],
    ids=str,
)
async def test_cleaning_after_a_stay_waits_for_the_departure(ward: Ward, kind: str, state: BedState):
    bed = await ward.a_bed(state=state)
    answer = await asked_for(ward, bed, kind)
    assert code_of(answer) == (409, "wrong_state")
    assert await ward.jobs(bed, "requested") == []


async def test_what_is_asked_for_more_urgently_takes_the_place_of_what_nobody_has_started(ward: Ward):
    bed = await ward.a_bed(state=BedState.DIRTY)
    before = await ward.open_job(bed)
    await ward.does("/v1/cleaning_jobs/{}/accept", before["id"])

    answer = await asked_for(ward, bed, "daily", "stat")

    assert answer.status_code == 201
    now = await ward.open_job(bed)
    assert (now["id"], now["type"], now["priority"]) == (answer.json()["id"], "daily", "stat")
    assert now["requested_at"] == before["requested_at"], "the bed waits since then"
    assert await ward.told(UUID(before["id"])) == ["requested", "accepted", "cancelled"]
    assert code_of(await asked_for(ward, bed, "daily", "stat")) == (409, "already_requested")
    assert code_of(await asked_for(ward, bed, "spill", "stat")) == (409, "already_requested")


async def test_what_is_started_gives_way_to_nothing(ward: Ward):
    bed = await ward.a_bed(state=BedState.CLEANING)
    assert code_of(await asked_for(ward, bed, "daily", "stat")) == (409, "already_requested")
    assert code_of(await asked_for(ward, bed, "isolation_terminal")) == (409, "wrong_state")


@pytest.mark.parametrize("priority", ["stat", "clean_next", "normal"])
@pytest.mark.parametrize("kind", ["spill", "daily"])
async def test_a_spill_and_a_daily_cleaning_are_for_any_bed(ward: Ward, kind: str, priority: str):
    bed = await ward.a_bed()
    answer = await asked_for(ward, bed, kind, priority)
    assert answer.status_code == 201
    assert (answer.json()["type"], answer.json()["priority"]) == (kind, priority)
    assert answer.headers["location"] == f"/v1/cleaning_jobs/{answer.json()['id']}"


async def test_an_unknown_bed_is_not_cleaned(ward: Ward):
    assert code_of(await asked_for(ward, new_id(), "spill")) == (404, "not_found")


# Inspected after isolation


async def test_after_isolation_a_bed_is_inspected_before_it_is_available(ward: Ward):
    bed, job, _ = await cleaned_after_isolation(ward)
    place = await ward.bed(bed)
    assert (place["state"], place["status"], place["last_sanitized_at"]) == ("inspect", "cleaning", None)

    answer = await inspects(ward, job["id"], passed=True)

    assert (answer.status_code, answer.json()["state"], answer.json()["passed"]) == (200, "inspected", True)
    place = await ward.bed(bed)
    assert (place["state"], place["last_sanitized_at"]) == ("available", job["completed_at"])
    assert (await ward.told(bed))[-2:] == ["changed", "readied"]
    assert (await ward.told(UUID(job["id"])))[-2:] == ["completed", "inspected"]


async def test_a_bed_that_waits_for_its_inspection_is_given_to_nobody(ward: Ward):
    bed, _, _ = await cleaned_after_isolation(ward)
    admission = await ward.waits_for(UUID((await ward.bed(bed))["department_id"]))
    await ward.places_all()
    assert (await ward.placement(admission))["state"] == "queued"
    answer = await ward.bed_manager.post(f"/v1/beds/{bed}/holds", json={"admission_id": str(admission)})
    assert code_of(answer) == (409, "bed_not_ready")
    answer = await ward.bed_manager.post(f"/v1/beds/{bed}/ready_override", json={"reason_code": "urgent"})
    assert code_of(answer) == (409, "bed_not_dirty")


async def test_a_bed_that_fails_its_inspection_is_cleaned_again(ward: Ward):
    bed, job, _ = await cleaned_after_isolation(ward)

    answer = await inspects(ward, job["id"], passed=False, reason_code="residue")

    shown = answer.json()
    assert (shown["state"], shown["passed"], shown["reason_code"]) == ("inspected", False, "residue")
    place = await ward.bed(bed)
    assert (place["state"], place["last_sanitized_at"]) == ("dirty", None)
    assert (await ward.last_told(bed))["reason_code"] == "residue"
    again = await ward.open_job(bed)
    assert (again["type"], again["priority"]) == ("isolation_terminal", job["priority"])
    assert again["requested_at"] == shown["inspected_at"]
    for act in ("start", "complete"):
        await ward.does("/v1/cleaning_jobs/{}/" + act, again["id"])
    await inspects(ward, again["id"], passed=True)
    assert (await ward.bed(bed))["state"] == "available"


async def test_who_cleaned_does_not_inspect(ward: Ward):
    bed, job, cleaner = await cleaned_after_isolation(ward)
    answer = await cleaner.post(f"/v1/cleaning_jobs/{job['id']}/inspect", json={"passed": True})
    assert code_of(answer) == (409, "same_person")
    assert (await ward.bed(bed))["state"] == "inspect"


async def test_a_failed_inspection_needs_a_reason(ward: Ward):
    bed, job, _ = await cleaned_after_isolation(ward)
    answer = await inspects(ward, job["id"], passed=False)
    assert code_of(answer) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == ["body.reason_code"]
    assert (await ward.bed(bed))["state"] == "inspect"


async def test_of_two_inspections_at_once_one_counts(ward: Ward):
    for _ in range(5):
        bed, job, _ = await cleaned_after_isolation(ward)
        passed, failed = await asyncio.gather(
            inspects(ward, job["id"], passed=True),
            inspects(ward, job["id"], passed=False, reason_code="residue"),
        )
        assert sorted([passed.status_code, failed.status_code]) == [200, 409]
        state = "available" if passed.is_success else "dirty"
        assert (await ward.bed(bed))["state"] == state


@pytest.mark.parametrize("kind", ["spill", "daily"])
async def test_other_cleanings_are_not_inspected(ward: Ward, kind: str):
    job = (await asked_for(ward, await ward.a_bed(), kind)).json()["id"]
    for act in ("start", "complete"):
        await ward.does("/v1/cleaning_jobs/{}/" + act, job)
    assert code_of(await inspects(ward, job, passed=True)) == (409, "wrong_state")


async def test_not_even_the_database_takes_an_inspection_by_who_cleaned(ward: Ward):
    _, job, _ = await cleaned_after_isolation(ward)
    with pytest.raises(Exception, match="inspected_by_another"):
        await ward.admin.execute(
            "UPDATE cleaning_job SET inspected_by = cleaned_by[1] WHERE id = $1", UUID(job["id"])
        )


# The worklist


async def test_the_worklist_begins_with_the_most_urgent_and_the_longest_waiting(ward: Ward):
    department = await ward.a_department()
    jobs = {}
    for name, priority in (
        ("normal, first", "normal"),
        ("next, first", "clean_next"),
        ("stat, first", "stat"),
        ("normal, second", "normal"),
        ("stat, second", "stat"),
        ("next, second", "clean_next"),
    ):
        jobs[(await asked_for(ward, await ward.a_bed(department), "spill", priority)).json()["id"]] = name
    done = [job for job in await worklist(ward, department) if job["id"] not in jobs]
    assert len(done) == 6, "each new bed was declared ready, which cancelled its first job"

    await ward.grows_older(UUID(next(job for job, name in jobs.items() if name == "next, second")), 1)

    expected = [f"{word}, {turn}" for word in ("stat", "next", "normal") for turn in ("first", "second")]
    expected[2:4] = reversed(expected[2:4])
    assert [jobs[job["id"]] for job in await worklist(ward, department, "open=true")] == expected
    pages, after = [], ""
    for _ in range(3):
        answer = await ward.staff("housekeeping").get(
            f"/v1/cleaning_jobs?department_id={department}&open=true&limit=2{after}"
        )
        pages += [jobs[job["id"]] for job in answer.json()["items"]]
        after = f"&after={answer.json()['next']}"
    assert pages == expected


# Targets


async def test_a_target_that_is_missed_is_told_of_twice_and_once_each(ward: Ward):
    job = UUID((await ward.open_job(await ward.a_bed(state=BedState.DIRTY)))["id"])
    await ward.tells_missed()
    assert await ward.told(job) == ["requested"]

    await ward.grows_older(job, 30)
    assert await ward.tells_missed() == 1
    told = await ward.last_told(job)
    assert (told["target"], told["percent"], told["missed"]) == ("response", 100, ["response_100"])
    assert await ward.tells_missed() == 0

    await ward.grows_older(job, 15)
    assert await ward.tells_missed() == 1
    told = await ward.last_told(job)
    assert (told["target"], told["percent"]) == ("response", 150)

    await ward.grows_older(job, 500)
    assert await ward.tells_missed() == 2
    assert (await ward.last_told(job))["missed"] == [
        *("response_100", "response_150", "turnaround_100", "turnaround_150")
    ]
    await ward.grows_older(job, 500)
    assert await ward.tells_missed() == 0


async def test_a_late_timer_tells_what_was_missed_before_the_work_was_done(ward: Ward):
    job = UUID((await ward.open_job(await ward.a_bed(state=BedState.DIRTY)))["id"])
    await ward.tells_missed()
    await ward.grows_older(job, 31)
    for act in ("start", "complete"):
        await ward.does("/v1/cleaning_jobs/{}/" + act, job)
    await ward.grows_older(job, 500)
    assert await ward.tells_missed() == 1
    assert (await ward.last_told(job))["missed"] == ["response_100"]


async def test_nobody_waits_for_a_spill_that_was_cancelled(ward: Ward):
    bed = await ward.a_bed()
    job = UUID((await asked_for(ward, bed, "spill")).json()["id"])
    await ward.tells_missed()
    await ward.does("/v1/beds/{}/block", bed, role="bed_manager", reason_code="repair")
    await ward.grows_older(job, 500)
    assert await ward.tells_missed() == 0


async def test_timers_of_several_replicas_tell_of_a_miss_once(ward: Ward):
    jobs = [UUID((await ward.open_job(await ward.a_bed(state=BedState.DIRTY)))["id"]) for _ in range(6)]
    await ward.tells_missed()
    for job in jobs:
        await ward.grows_older(job, 30)
    told = await asyncio.gather(*(ward.tells_missed() for _ in range(4)))
    assert sum(told) == len(jobs)
    assert [await ward.told(job) for job in jobs] == [["requested", "target_missed"]] * len(jobs)


async def test_reads_see_a_miss_though_no_timer_has_told_of_it(ward: Ward):
    job = (await ward.open_job(await ward.a_bed(state=BedState.DIRTY)))["id"]
    cleaner, path = ward.staff("housekeeping"), f"/v1/cleaning_jobs/{job}"
    tags = [(await cleaner.get(path)).headers["etag"]]
    for minutes, missed in ((30, ["response_100"]), (15, ["response_100", "response_150"])):
        await ward.grows_older(job, minutes)
        answer = await cleaner.get(path, headers={"if-none-match": tags[-1]})
        assert (answer.status_code, answer.json()["missed"]) == (200, missed)
        tags.append(answer.headers["etag"])
    assert len(set(tags)) == 3
    due_at = datetime.fromisoformat(answer.json()["due_at"])
    assert timedelta(minutes=14) < due_at - await ward.now() <= timedelta(minutes=15)


async def test_limits_are_data_and_hold_for_what_is_asked_for_from_their_moment_on(ward: Ward):
    before = (await ward.open_job(await ward.a_bed(state=BedState.DIRTY)))["targets"]
    assert before == {"response": 30, "cleaning": 30, "turnaround": 60}
    await ward.admin.execute(
        "INSERT INTO cleaning_target (target, effective_from, minutes) VALUES"
        " ('response', now() - interval '1 day', 20), ('response', now() + interval '1 day', 10)"
    )
    try:
        job = await ward.open_job(await ward.a_bed(state=BedState.DIRTY))
    finally:
        await ward.admin.execute("DELETE FROM cleaning_target WHERE effective_from > '2001-01-01Z'")
    assert job["targets"] == {"response": 20, "cleaning": 30, "turnaround": 60}


async def asked_for(ward: Ward, bed: UUID, kind: str, priority: str = "normal") -> httpx2.Response:
    body = {"bed_id": str(bed), "type": kind, "priority": priority}
    return await ward.staff("housekeeping").post("/v1/cleaning_jobs", json=body)


async def cleaned_after_isolation(ward: Ward) -> tuple[UUID, Json, httpx2.AsyncClient]:
    """A bed that waits for its inspection, its job, and who cleaned it."""
    bed, cleaner = await ward.a_bed(state=BedState.DIRTY), ward.staff("housekeeping")
    job = (await asked_for(ward, bed, CleaningType.ISOLATION_TERMINAL)).json()["id"]
    for act in ("start", "complete"):
        answer = await cleaner.post(f"/v1/cleaning_jobs/{job}/{act}")
    return bed, answer.json(), cleaner


async def inspects(ward: Ward, job: str, **found: object) -> httpx2.Response:
    """Somebody who did not clean looks."""
    return await ward.staff("housekeeping").post(f"/v1/cleaning_jobs/{job}/inspect", json=found)


async def worklist(ward: Ward, department: UUID, query: str = "") -> list[Json]:
    answer = await ward.staff("housekeeping").get(f"/v1/cleaning_jobs?department_id={department}&{query}")
    items: list[Json] = answer.json()["items"]
    return items
