"""Reports: each figure by its formula, for the period and the department that are asked for, as JSON and as CSV."""

import csv
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest

from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Needs
from common.ids import new_id
from tests.beds.ward import Ward, code_of

NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
DAY = {"from": "2026-03-01T12:00:00Z", "to": "2026-03-02T12:00:00Z"}
EVERY = ("movements", "lengths_of_stay", "lengths_of_stay/by_department", "occupancy", "turnarounds")


async def lines(ward: Ward, name: str, **query: Any) -> list[dict[str, str]]:
    answer = await ward.bed_manager.get(f"/v1/reports/{name}", params=query, headers={"accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(StringIO(answer.text)))


# Movements


async def test_the_movements_of_a_patient_are_told_across_admissions(ward: Ward):
    patient, department, elsewhere = new_id(), await ward.a_department(), await ward.a_department()
    bed, other, third = (
        await ward.a_bed(department),
        await ward.a_bed(department),
        await ward.a_bed(elsewhere),
    )
    first = await ward.in_bed(department, bed, patient)
    await ward.moves(first, other)
    await ward.departs(first)
    second = await ward.in_bed(elsewhere, third, patient)
    await ward.in_bed(department, await ward.a_bed(department))

    moved = await ward.report("movements", patient_id=patient)
    told = [(one["admission_id"], one["kind"], one["from_bed_id"], one["to_bed_id"]) for one in moved]
    assert told == [
        (str(first), "arrival", None, str(bed)),
        (str(first), "move", str(bed), str(other)),
        (str(first), "departure", str(other), None),
        (str(second), "arrival", None, str(third)),
    ]
    assert (moved[1]["from_department_id"], moved[3]["to_department_id"]) == (str(department), str(elsewhere))
    of_bed = await ward.report("movements", bed_id=other, order="-moved_at")
    assert [one["id"] for one in of_bed] == [moved[2]["id"], moved[1]["id"]]
    of_department = await ward.report("movements", department_id=elsewhere)
    assert [one["id"] for one in of_department] == [moved[3]["id"]]


# Length of stay


async def an_ended_stay(ward: Ward, department: UUID, hours: float, left_at: datetime = NOON) -> UUID:
    """A patient who arrived so many hours before leaving."""
    admission = await ward.in_bed(department, await ward.a_bed(department))
    await ward.departs(admission)
    for kind, moment in (("arrival", left_at - timedelta(hours=hours)), ("departure", left_at)):
        await ward.admin.execute(
            "UPDATE movement SET occurred_at = $2 WHERE admission_id = $1 AND kind = $3",
            admission,
            moment,
            kind,
        )
    return admission


async def test_a_stay_is_as_long_as_from_its_arrival_to_its_departure(ward: Ward):
    department = await ward.a_department()
    short, long = await an_ended_stay(ward, department, 5.5), await an_ended_stay(ward, department, 100)
    await an_ended_stay(ward, department, 30, NOON + timedelta(days=2))
    await an_ended_stay(ward, await ward.a_department(), 7)
    await ward.in_bed(department, await ward.a_bed(department))

    stays = await ward.report("lengths_of_stay", department_id=department, order="-hours", **DAY)
    assert [(stay["admission_id"], stay["hours"]) for stay in stays] == [(str(long), 100), (str(short), 5.5)]
    assert (stays[1]["arrived_at"], stays[1]["left_at"]) == ("2026-03-01T06:30:00Z", "2026-03-01T12:00:00Z")
    assert len(await ward.report("lengths_of_stay", department_id=department)) == 3
    (figures,) = await ward.report("lengths_of_stay/by_department", department_id=department, **DAY)
    assert (figures["stays"], figures["mean_hours"], figures["median_hours"]) == (2, 52.75, 52.75)


async def test_an_arrival_that_was_reversed_begins_no_stay(ward: Ward):
    department, patient = await ward.a_department(), new_id()
    admission = await ward.in_bed(department, await ward.a_bed(department), patient)
    mistake = {"of": "arrival", "reason_code": "wrong_patient"}
    await ward.does("/v1/placements/{}/reversals", admission, role="bed_manager", **mistake)
    await ward.arrives(admission, await ward.a_bed(department))
    await ward.departs(admission)
    (stay,) = await ward.report("lengths_of_stay", department_id=department)
    first, reversal, second, departure = await ward.report("movements", patient_id=patient)
    assert (stay["arrived_at"], stay["left_at"]) == (second["occurred_at"], departure["occurred_at"])
    assert reversal["reverses"] == first["id"]


async def test_a_departure_that_was_reversed_ends_no_stay(ward: Ward):
    department, patient = await ward.a_department(), new_id()
    admission = await ward.in_bed(department, await ward.a_bed(department), patient)
    await ward.departs(admission)
    wanted = Want(department, None, Priority.URGENT, Needs(), ready=True, requested_at=await ward.now())
    bed = await ward.a_bed(department)
    await ward.says(Wish(admission, patient, wanted, want_version=2, stay_number=2))
    await ward.arrives(admission, bed)
    assert await ward.report("lengths_of_stay", department_id=department) == []
    await ward.departs(admission)
    (stay,) = await ward.report("lengths_of_stay", department_id=department)
    arrivals = await ward.report("movements", patient_id=patient)
    assert (stay["arrived_at"], stay["left_at"]) == (arrivals[0]["occurred_at"], arrivals[-1]["occurred_at"])


# Turnaround


async def test_turnaround_is_from_the_departure_to_ready(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    left_at = await ward.now()
    await ward.departs(admission)
    assert await ward.report("turnarounds", department_id=department) == []
    await ward.cleans(bed)
    await ward.cleans(bed)
    await ward.in_bed(department, bed)
    (one,) = await ward.report("turnarounds", department_id=department)
    assert one["bed_id"] == str(bed)
    moments = [
        datetime.fromisoformat(one[name]) for name in ("vacated_at", "cleaning_started_at", "ready_at")
    ]
    assert [left_at, *moments] == sorted([left_at, *moments])
    (figures,) = await ward.report("turnarounds/by_department", department_id=department)
    assert (figures["turnarounds"], figures["mean_minutes"]) == (1, one["minutes"])


async def test_turnaround_counts_from_the_time_that_the_nurse_reports(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.in_bed(department, bed)
    await ward.departs(admission)
    await ward.admin.execute(
        "UPDATE movement SET occurred_at = moved_at - interval '45 min' WHERE from_bed_id = $1", bed
    )
    await ward.does("/v1/beds/{}/ready_override", bed, role="bed_manager", reason_code="clean")
    (one,) = await ward.report("turnarounds", department_id=department)
    assert 45 <= one["minutes"] < 46
    assert one["cleaning_started_at"] is None


async def test_a_bed_that_was_blocked_in_between_has_no_turnaround(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    await ward.departs(await ward.in_bed(department, bed))
    await ward.does("/v1/beds/{}/block", bed, role="bed_manager", reason_code="repair")
    await ward.does("/v1/beds/{}/unblock", bed, role="bed_manager")
    await ward.does("/v1/beds/{}/ready_override", bed, role="bed_manager", reason_code="clean")
    assert await ward.report("turnarounds", department_id=department) == []


# As a file


async def test_csv_is_the_whole_list_with_a_header_row(ward: Ward):
    patient, department = new_id(), await ward.a_department()
    for _ in range(3):
        await ward.departs(await ward.in_bed(department, await ward.a_bed(department), patient))
    shown = await ward.report("movements", patient_id=patient)
    written = await lines(ward, "movements", patient_id=patient, limit=2)
    assert written == [
        {name: "" if value is None else str(value) for name, value in one.items()} for one in shown
    ]
    assert len(written) == 6
    (occupancy,) = await lines(ward, "occupancy", department_id=department)
    assert float(occupancy["available_bed_hours"]) >= 0


async def test_a_list_of_many_pages_is_written_whole(ward: Ward):
    patient, department = new_id(), await ward.a_department()
    admission = await ward.in_bed(department, await ward.a_bed(department), patient)
    await ward.admin.execute(
        "INSERT INTO movement (id, admission_id, kind, moved_at, occurred_at, moved_by) "
        "SELECT gen_random_uuid(), $1, 'move', now(), now(), 'user/x' FROM generate_series(1, 450)",
        admission,
    )
    written = await lines(ward, "movements", patient_id=patient)
    assert len({one["id"] for one in written}) == len(written) == 451


async def test_a_report_that_is_given_out_is_an_access_event_and_a_page_is_none(ward: Ward):
    department = await ward.a_department()
    told = "SELECT value FROM outbox WHERE type = 'hospital.beds.access.exported.v1'"
    before = len(await ward.admin.fetch(told))
    await ward.report("occupancy", department_id=department)
    assert len(await ward.admin.fetch(told)) == before
    assert (
        await ward.bed_manager.get(f"/v1/reports/occupancy?format=csv&department_id={department}")
    ).is_success
    values = [row["value"].decode() for row in await ward.admin.fetch(told)]
    assert len(values) == before + 1
    assert any("report/occupancy" in value and str(department) in value for value in values)


@pytest.mark.parametrize("name", EVERY)
async def test_a_format_that_is_named_goes_before_what_is_accepted(ward: Ward, name: str):
    query = {"format": "json", "department_id": str(await ward.a_department())}
    answer = await ward.bed_manager.get(f"/v1/reports/{name}", params=query, headers={"accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


async def test_a_period_that_ends_before_it_begins_is_refused(ward: Ward):
    query = {"from": DAY["to"], "to": DAY["from"]}
    answer = await ward.bed_manager.get("/v1/reports/occupancy", params=query)
    assert code_of(answer) == (422, "invalid")


@pytest.mark.parametrize("moment", ["0001-01-01T00:01:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("end", ["from", "to"])
async def test_a_period_is_of_times_that_a_hospital_has_seen(ward: Ward, end: str, moment: str):
    """The day before the first moment of all is no time any more."""
    answer = await ward.bed_manager.get("/v1/reports/occupancy", params={end: moment})
    assert code_of(answer) == (422, "invalid")


async def test_pages_of_a_report_follow_each_other(ward: Ward):
    department = await ward.a_department()
    for hours in (1, 1, 3):
        await an_ended_stay(ward, department, hours)
    path, seen = f"/v1/reports/lengths_of_stay?department_id={department}&limit=1&order=hours", []
    while path:
        answer = await ward.bed_manager.get(path)
        seen += answer.json()["items"]
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    assert [one["hours"] for one in seen] == [1, 1, 3]
    assert len({one["id"] for one in seen}) == 3
