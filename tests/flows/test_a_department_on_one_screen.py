"""How does a mobile front end load occupancy and admissions: the board of a department, in one request."""

from tests.support.hospital import Hospital
from tests.support.person import Json
from tests.support.waiting import eventually


def names_on(board: Json) -> dict[str, str | None]:
    return {one["admission_id"]: one["patient_name"] for one in board["placements"]}


async def test_how_does_a_mobile_front_end_load_occupancy_and_admissions(hospital: Hospital):
    department = await hospital.a_department(beds=2)
    there, waits = await hospital.an_admission(department), await hospital.an_admission(department)
    await hospital.bed_manager.do(f"/v1/placements/{there['id']}/arrival")
    nurse = await hospital.staff("nurse", [department])
    path = f"/v1/departments/{department.id}/board"

    first = await nurse.ask("GET", path)
    board = first.json()
    assert sorted(bed["state"] for bed in board["beds"]) == ["held", "occupied"]
    assert {one["admission_id"]: one["state"] for one in board["placements"]} == {
        there["id"]: "in_bed",
        waits["id"]: "held",
    }
    # What it has stays true until something changes: a phone asks again without loading it again.
    known = {"if-none-match": first.headers["etag"]}
    assert (await nurse.ask("GET", path, headers=known)).status_code == 304
    await hospital.bed_manager.do(f"/v1/placements/{there['id']}/departure", {"reason_code": "home"})
    changed = await nurse.ask("GET", path, headers=known)
    assert changed.status_code == 200
    assert [job["state"] for job in changed.json()["cleaning_jobs"]] == ["requested"]


async def test_names_are_on_the_board_for_those_who_may_see_them(hospital: Hospital):
    department = await hospital.a_department(beds=2)
    one = await hospital.an_admission(department)
    hidden = await hospital.a_patient("Roe, Richard")
    other = await hospital.an_admission(department, hidden)
    await hospital.bed_manager.do(f"/v1/patients/{hidden}", {"privacy": True}, method="PATCH")
    path = f"/v1/departments/{department.id}/board"

    nurse = await hospital.staff("nurse", [department])
    board = await nurse.read(path, include="patient_name")
    assert names_on(board) == {one["id"]: "Doe, Jane", other["id"]: None}
    cleaner = await hospital.staff("housekeeping")
    board = await cleaner.read(path, include="patient_name")
    assert (board["names"], set(names_on(board).values())) == ("withheld", {None})


async def test_figures_of_a_department_come_as_a_file_too(hospital: Hospital):
    department = await hospital.a_department()
    admission = await hospital.an_admission(department)
    await hospital.bed_manager.do(f"/v1/placements/{admission['id']}/arrival")
    planner = await hospital.staff("staffing_coordinator")
    path, only = "/v1/reports/occupancy", {"department_id": str(department.id)}
    (figures,) = await planner.list(path, **only)
    assert 0 < figures["occupancy_rate"] < 1
    answer = await planner.ask("GET", path, query=only, headers={"accept": "text/csv"})
    header, row = answer.text.splitlines()
    assert (header.split(","), row.split(",")[0]) == ([*figures], str(department.id))
    auditor = await hospital.staff("auditor")

    async def entered() -> list[Json]:
        return await auditor.list("/v1/audit/entries", actor=f"user/{planner.user_id}", action="exported")

    (entry,) = await eventually(entered)
    assert (entry["metadata"]["act"], entry["metadata"]["subjects"]) == (
        "report/occupancy",
        [str(department.id)],
    )
