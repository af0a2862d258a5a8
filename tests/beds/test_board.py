"""The board of a department: everything on one screen, of one moment, in one statement."""

from uuid import UUID

from beds.domain.bed import BedState
from beds.reports.schemas import Board
from common.ids import new_id
from tests.beds.ward import Json, Ward


async def board_of(ward: Ward, department: UUID) -> Json:
    answer = await ward.bed_manager.get(f"/v1/departments/{department}/board")
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    Board.model_validate(shown)
    return shown


def by(key: str, items: list[Json]) -> dict[str, Json]:
    return {item[key]: item for item in items}


async def test_an_empty_department_has_an_empty_board(ward: Ward):
    department = await ward.a_department()
    board = await board_of(ward, department)
    assert board.pop("department") == {
        name: (await ward.staff("nurse").get(f"/v1/departments/{department}")).json()[name]
        for name in ("id", "code", "name", "state")
    }
    lists = ("rooms", "beds", "placements", "transfers", "reservations", "cleaning_jobs")
    assert board == {name: [] for name in lists}


async def test_each_bed_is_shown_as_the_list_of_beds_shows_it(ward: Ward):
    department = await ward.a_department()
    for state in BedState:
        if state is not BedState.INSPECT:
            await ward.a_bed(department, state)
    listed = (await ward.bed_manager.get(f"/v1/beds?department_id={department}")).json()["items"]
    beds = (await board_of(ward, department))["beds"]
    assert [bed["code"] for bed in beds] == [bed["code"] for bed in listed if bed["state"] != "closed"]
    for bed in beds:
        assert bed.pop("flags") == []
        assert bed == {name: by("id", listed)[bed["id"]][name] for name in bed}


async def test_who_is_there_and_who_waits_are_on_one_board(ward: Ward):
    department = await ward.a_department()
    bed, held = await ward.a_bed(department), await ward.a_bed(department)
    there = await ward.in_bed(department, bed)
    coming = await ward.waits_for(department, bed=held)
    waiting, next_one = await ward.waits_for(department), await ward.waits_for(department)
    await ward.waits_elsewhere()
    gone = await ward.in_bed(department, await ward.a_bed(department))
    await ward.departs(gone)

    placements = (await board_of(ward, department))["placements"]
    assert {one["admission_id"]: (one["state"], one["bed_id"]) for one in placements} == {
        str(there): ("in_bed", str(bed)),
        str(coming): ("held", str(held)),
        str(waiting): ("queued", None),
        str(next_one): ("queued", None),
    }
    shown = by("admission_id", placements)
    for admission in (there, coming, waiting):
        alone, one = await ward.placement(admission), shown[str(admission)]
        wanted = ("priority", "ready", "needs")
        assert {name: one[name] for name in wanted} == {name: alone["want"][name] for name in wanted}
        same = one.keys() & alone.keys()
        assert {name: one[name] for name in same} == {name: alone[name] for name in same}
        assert one["flags"] == []
    in_order = [one["admission_id"] for one in placements if one["state"] == "queued"]
    assert in_order == [str(waiting), str(next_one)]


async def test_a_patient_on_leave_keeps_the_bed_on_the_board(ward: Ward):
    department = await ward.a_department()
    admission = await ward.in_bed(department, await ward.a_bed(department))
    await ward.does("/v1/placements/{}/leave", admission, role="nurse", reason_code="weekend")
    board = await board_of(ward, department)
    (bed,), (placement,) = board["beds"], board["placements"]
    assert (bed["state"], bed["admission_id"]) == ("occupied", str(admission))
    assert (placement["state"], placement["bed_id"]) == ("on_leave", bed["id"])


async def test_a_transfer_is_on_the_boards_of_both_departments(ward: Ward):
    here, there = await ward.a_department(), await ward.a_department()
    admission = await ward.in_bed(here, await ward.a_bed(here))
    await ward.does("/v1/placements/{}/transfers", admission, role="bed_manager", department_id=str(there))
    leaving, coming = await board_of(ward, here), await board_of(ward, there)
    (transfer,) = coming["transfers"]
    assert leaving["transfers"] == coming["transfers"]
    assert (transfer["state"], transfer["bed_id"], transfer["admission_id"]) == (
        "requested",
        None,
        str(admission),
    )
    assert [one["flags"] for one in leaving["placements"] + coming["placements"]] == [[], ["incoming"]]

    bed = await ward.a_bed(there)
    await ward.does("/v1/transfers/{}/accept", transfer["id"], role="bed_manager", bed_id=str(bed))
    coming = await board_of(ward, there)
    (transfer,), (shown,), (placement,) = coming["transfers"], coming["beds"], coming["placements"]
    assert (transfer["state"], transfer["bed_id"], shown["state"]) == ("accepted", str(bed), "held")
    assert (shown["admission_id"], placement["flags"]) == (str(admission), ["incoming"])
    path = f"/v1/reports/arrivals_expected?department_id={there}"
    (expected,) = (await ward.bed_manager.get(path)).json()["items"]
    assert (expected["transfer_id"], expected["bed_id"]) == (transfer["id"], str(bed))

    await ward.lapses(bed)
    coming = await board_of(ward, there)
    (transfer,), (shown,) = coming["transfers"], coming["beds"]
    assert (transfer["state"], transfer["bed_id"], transfer["held_until"]) == ("requested", None, None)
    assert (shown["state"], shown["admission_id"]) == ("available", None)
    (expected,) = (await ward.bed_manager.get(path)).json()["items"]
    assert (expected["transfer_id"], expected["bed_id"]) == (transfer["id"], None)

    await ward.moves(admission, bed)
    assert [(await board_of(ward, one))["transfers"] for one in (here, there)] == [[], []]


async def test_rooms_are_shown_with_what_they_are_for(ward: Ward):
    department = str(await ward.a_department())
    new = {"department_id": department, "code": "R1", "negative_pressure": True, "specialty": "cardiology"}
    room = (await ward.does("/v1/rooms", role="admin", **new)).json()
    bed = (
        await ward.does("/v1/beds", role="admin", department_id=department, room_id=room["id"], code="B")
    ).json()
    closed = (await ward.does("/v1/rooms", role="admin", department_id=department, code="R2")).json()
    await ward.staff("admin").delete(f"/v1/rooms/{closed['id']}")

    board = await board_of(ward, UUID(department))
    assert by("id", board["beds"])[bed["id"]]["room_id"] == room["id"]
    assert board["rooms"] == [{name: room[name] for name in board["rooms"][0]}]


async def test_a_hold_that_is_over_is_none_and_its_patient_waits_for_a_person(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department)
    admission = await ward.waits_for(department)
    path = f"/v1/departments/{department}/board"
    known = {"if-none-match": (await ward.bed_manager.get(path)).headers["etag"]}
    assert (await ward.bed_manager.get(path, headers=known)).status_code == 304

    await ward.lapses(bed)
    board = await board_of(ward, department)
    (shown,), (placement,) = board["beds"], board["placements"]
    assert (shown["state"], shown["held"], shown["hold_id"], shown["admission_id"]) == (
        "available",
        False,
        None,
        None,
    )
    assert placement["admission_id"] == str(admission)
    assert (placement["state"], placement["refusal"], placement["bed_id"]) == ("queued", "expired", None)
    assert placement["flags"] == ["waits_for_a_person"]
    assert (await ward.bed_manager.get(path, headers=known)).status_code == 200


async def test_a_hold_elsewhere_that_is_over_is_on_the_board_of_the_department_that_is_wanted(ward: Ward):
    wanted, elsewhere = await ward.a_department(), await ward.a_department()
    bed, admission = await ward.a_bed(elsewhere), await ward.waits_for(wanted)
    await ward.holds(admission, bed)
    assert (await board_of(ward, wanted))["placements"] == []
    await ward.lapses(bed)
    assert (await board_of(ward, elsewhere))["placements"] == []
    (placement,) = (await board_of(ward, wanted))["placements"]
    assert (placement["admission_id"], placement["department_id"]) == (str(admission), str(wanted))


async def test_cleaning_is_shown_until_it_is_done_and_is_late_by_the_clock(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department, BedState.DIRTY)
    (job,) = (await board_of(ward, department))["cleaning_jobs"]
    alone = await ward.open_job(bed)
    assert job == {name: alone[name] for name in job if name != "flags"} | {"flags": []}

    path = f"/v1/departments/{department}/board"
    known = {"if-none-match": (await ward.bed_manager.get(path)).headers["etag"]}
    await ward.grows_older(job["id"], 31)
    assert (await ward.bed_manager.get(path, headers=known)).status_code == 200
    for told in range(2):
        assert (await board_of(ward, department))["cleaning_jobs"][0]["flags"] == ["late"], told
        await ward.tells_missed()

    await ward.cleans(bed)
    await ward.cleans(bed)
    assert (await board_of(ward, department))["cleaning_jobs"] == []


async def test_a_cleaning_after_isolation_is_shown_until_it_is_inspected(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department, BedState.DIRTY)
    await ward.does("/v1/cleaning_jobs", bed_id=str(bed), type="isolation_terminal", priority="stat")
    await ward.cleans(bed)
    await ward.cleans(bed)
    board = await board_of(ward, department)
    (shown,), (job,) = board["beds"], board["cleaning_jobs"]
    assert (shown["state"], job["state"], job["bed_id"]) == ("inspect", "completed", str(bed))
    await ward.does("/v1/cleaning_jobs/{}/inspect", job["id"], passed=True)
    assert (await board_of(ward, department))["cleaning_jobs"] == []


async def test_a_bed_that_should_be_back_by_now_is_flagged(ward: Ward):
    department = await ward.a_department()
    bed = await ward.a_bed(department, BedState.BLOCKED)
    await ward.admin.execute("UPDATE bed SET return_expected_at = clock_timestamp() WHERE id = $1", bed)
    assert [one["flags"] for one in (await board_of(ward, department))["beds"]] == [["return_overdue"]]


async def test_a_department_that_is_not_there_has_no_board(ward: Ward):
    assert (await ward.bed_manager.get(f"/v1/departments/{new_id()}/board")).status_code == 404
