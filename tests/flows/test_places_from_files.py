"""Departments, rooms and beds come from CSV files: none while there is an error, and each once."""

import asyncio
import json
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tests.support.hospital import PASSWORD, Hospital
from tests.support.person import Json
from tools.importing.columns import Kind
from tools.importing.hospital import Login, entered
from tools.importing.plan import Plan, plan
from tools.importing.reading import read
from tools.importing.wanted import Wanted, understand

WARDLINE = Path(sys.executable).with_name("wardline")
EXAMPLE = Path(__file__).parents[2] / "docs" / "beds.csv"
ADMIN = Login("admin", PASSWORD)
NOTHING = {"departments": 0, "rooms": 0, "beds": 0}


async def who_reads(hospital: Hospital) -> Login:
    manager = await hospital.admin.read(f"/v1/users/{hospital.bed_manager.user_id}")
    return Login(manager["username"], PASSWORD)


async def wardline_import(
    hospital: Hospital, file: Path, *options: str, **environment: str
) -> tuple[int, str]:
    """Its exit code, and what it says."""
    reader = await who_reads(hospital)
    return await run_with(
        hospital,
        *(str(file), *options),
        WARDLINE_READER_USERNAME=reader.username,
        WARDLINE_READER_PASSWORD=reader.password,
        **environment,
    )


async def run_with(hospital: Hospital, *arguments: str, **environment: str) -> tuple[int, str]:
    program = await asyncio.create_subprocess_exec(
        *(str(WARDLINE), "import", *arguments),
        env={
            "GATEWAY_URL": hospital.stack.gateway_url,
            "WARDLINE_ADMIN_PASSWORD": ADMIN.password,
            "PYTHONIOENCODING": "utf-8",
            **environment,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await program.communicate()
    assert program.returncode is not None
    return program.returncode, said.decode()


async def document(hospital: Hospital, file: Path, *options: str) -> tuple[int, Json]:
    code, said = await wardline_import(hospital, file, "--json", *options)
    return code, json.loads(said)


async def inside(hospital: Hospital, code: str) -> dict[str, list[Json]]:
    """The rooms and beds of the departments of this code."""
    departments = [one for one in await hospital.bed_manager.list("/v1/departments") if one["code"] == code]
    return {
        kind: [
            one
            for department in departments
            for one in await hospital.bed_manager.list(f"/v1/{kind}", department_id=department["id"])
        ]
        for kind in ("rooms", "beds")
    }


async def test_a_file_is_previewed_written_and_found_again(hospital: Hospital):
    code, previewed = await document(hospital, EXAMPLE)
    assert (code, previewed["errors"], previewed["written"]) == (0, [], None)
    assert previewed["to_make"]["departments"] == ["9N", "9P"]
    assert await inside(hospital, "9N") == {"rooms": [], "beds": []}

    code, said = await wardline_import(hospital, EXAMPLE)
    assert code == 1, "nobody can be asked"
    assert "say --yes" in said
    code, said = await wardline_import(hospital, EXAMPLE, "--yes")
    made = "2 departments, 3 rooms, 6 beds."
    assert (code, said.splitlines()) == (0, [f"To be made: {made}", f"Made: {made}"])
    ward = await inside(hospital, "9N")
    rooms = {room["code"]: room for room in ward["rooms"]}
    assert (rooms["901"]["sex_policy"], rooms["901"]["specialty"]) == ("first_occupant", "surgery")
    assert (rooms["902"]["negative_pressure"], rooms["902"]["level_of_care"]) == (True, "step_down")
    beds = {bed["code"]: bed for bed in ward["beds"]}
    assert beds["901A"]["room_id"] == rooms["901"]["id"]
    assert beds["901A"]["equipment"] == ["oxygen", "telemetry"]
    children = {bed["code"]: bed for bed in (await inside(hospital, "9P"))["beds"]}
    assert children["911AC"]["cot_of_bed_id"] == children["911A"]["id"]

    code, again = await document(hospital, EXAMPLE, "--yes")
    assert (code, again["written"], again["remarks"]) == (0, NOTHING, [])
    assert again["kept"]["rooms"] == ["9N/901", "9N/902", "9P/911"]
    assert await inside(hospital, "9N") == ward


async def test_one_error_and_nothing_is_written(hospital: Hospital, tmp_path: Path):
    file = tmp_path / "beds.csv"
    file.write_text(
        "department_code,department_name,room_code,bed_code,age_band\n"
        "9Q,9 Quarry,921,921A,adult\n9R,,931,931A,\n9Q,,921,921B,old\n"
    )
    code, found = await document(hospital, file, "--yes")
    assert (code, found["written"]) == (1, None)
    assert [(error["line"], error["column"]) for error in found["errors"]] == [
        (3, "department_code"),
        (4, "age_band"),
    ]
    assert await inside(hospital, "9Q") == {"rooms": [], "beds": []}


BEDS = 40


def a_ward(code: str) -> Wanted:
    """With twenty rooms of two beds."""
    rows = [f"{code},Ward {code},R{n // 2},B{n:02}" for n in range(BEDS)]
    text = "\n".join(["department_code,department_name,room_code,bed_code", *rows])
    return understand([read("ward.csv", text.encode())])


class PlugPulledError(Exception):
    """The import ends here."""


async def imported(hospital: Hospital, code: str, advance: Callable[[], None]) -> None:
    async with entered(hospital.stack.gateway_url, ADMIN, await who_reads(hospital)) as entrance:
        await entrance.write(plan(a_ward(code), await entrance.look([code])), advance)


async def test_an_interrupted_import_is_taken_up_again(hospital: Hospital):
    written = count(1)

    def pull_the_plug() -> None:
        if next(written) == 1 + BEDS // 2 + 3:  # the department, its rooms and three beds
            raise PlugPulledError

    with pytest.raises(PlugPulledError):
        await imported(hospital, "9S", pull_the_plug)
    begun = await inside(hospital, "9S")
    assert 3 <= len(begun["beds"]) < BEDS

    await imported(hospital, "9S", lambda: None)
    whole = await inside(hospital, "9S")
    assert [bed["code"] for bed in whole["beds"]] == [f"B{n:02}" for n in range(BEDS)]
    assert len(whole["rooms"]) == BEDS // 2
    assert {bed["id"] for bed in begun["beds"]} < {bed["id"] for bed in whole["beds"]}


async def test_two_imports_of_one_ward_at_once_make_it_once(hospital: Hospital):
    url, reader = hospital.stack.gateway_url, await who_reads(hospital)
    wanted = a_ward("9T")
    async with entered(url, ADMIN, reader) as one, entered(url, ADMIN, reader) as other:
        drawn: list[Plan] = [plan(wanted, await each.look(["9T"])) for each in (one, other)]
        assert [each.size() for each in drawn] == [1 + BEDS // 2 + BEDS] * 2
        await asyncio.gather(one.write(drawn[0], lambda: None), other.write(drawn[1], lambda: None))
    assert one.written + other.written == {Kind.DEPARTMENT: 1, Kind.ROOM: BEDS // 2, Kind.BED: BEDS}
    assert one.written + one.found == other.written + other.found
    ward = await inside(hospital, "9T")
    assert (len(ward["rooms"]), len(ward["beds"])) == (BEDS // 2, BEDS)


async def test_an_admin_alone_is_told_who_must_look(hospital: Hospital):
    code, said = await run_with(hospital, str(EXAMPLE))
    assert code == 2
    assert "Set WARDLINE_READER_USERNAME" in said


async def test_what_could_not_be_written_is_told(hospital: Hospital, tmp_path: Path):
    manager = await who_reads(hospital)
    file = tmp_path / "beds.csv"
    file.write_text("department_code,department_name,room_code,bed_code\n9U,9 Upper,941,941A\n")
    code, said = await wardline_import(hospital, file, "--yes", WARDLINE_ADMIN_USERNAME=manager.username)
    assert code == 1
    assert "Made: nothing.\nNot all was written: POST /v1/departments: 403 forbidden" in said
    assert "Import again for the rest" in said
