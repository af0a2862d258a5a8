"""What is there is kept and said; what is not will be made; a department nobody knows is an error."""

from typing import Any

from tools.importing.columns import Kind
from tools.importing.plan import Plan, There, plan
from tools.importing.reading import read
from tools.importing.showing import preview
from tools.importing.wanted import understand

HEADER = "department_code,department_name,room_code,bed_code,sex_policy,equipment"
ROOM: dict[str, Any] = {"sex_policy": "any"}
WARD = There(
    {
        Kind.DEPARTMENT: {("4W",): {"name": "4 West"}},
        Kind.ROOM: {("4W", "401"): ROOM, ("4W", "402"): ROOM},
        Kind.BED: {
            ("4W", "401A"): {"room": "401", "equipment": ["oxygen"], "cot_of_bed_id": None},
            ("4W", "401C"): {"room": "401", "equipment": [], "cot_of_bed_id": "401A"},
            ("4W", "402A"): {"room": None, "equipment": [], "cot_of_bed_id": None},
        },
    },
    frozenset({(Kind.BED, ("4W", "401B"))}),
)


def planned(*lines: str, header: str = HEADER) -> Plan:
    return plan(understand([read("f.csv", "\n".join([header, *lines]).encode())]), WARD)


def test_only_what_is_missing_is_made():
    drawn = planned("4W,4 West,401,401A,any,oxygen", "4W,,403,403A,,", "5E,5 East,501,501A,,")
    assert drawn.errors == drawn.remarks == []
    assert {kind: list(things) for kind, things in drawn.made.items()} == {
        Kind.DEPARTMENT: [("5E",)],
        Kind.ROOM: [("4W", "403"), ("5E", "501")],
        Kind.BED: [("4W", "403A"), ("5E", "501A")],
    }
    assert preview(drawn).splitlines() == [
        "There already: 1 department, 1 room, 1 bed.",
        "To be made: 1 department, 2 rooms, 2 beds.",
    ]


def test_what_is_there_otherwise_is_kept_and_said():
    drawn = planned("4W,West 4,401,401A,female,oxygen monitor", "4W,,401,402A,,", "4W,,401,401B,,")
    assert [str(remark) for remark in drawn.remarks] == [
        "f.csv, line 2, department_name: Department 4W is there as “4 West” and is kept so, not “West 4”.",
        "f.csv, line 2, sex_policy: Room 401 is there as “any” and is kept so, not “female”.",
        "f.csv, line 2, equipment: Bed 401A is there as “oxygen” and is kept so, not “monitor oxygen”.",
        "f.csv, line 3, room_code: Bed 402A is there in no room and stays there, not in 401.",
        "f.csv, line 4, bed_code: Bed 401B was closed and stays so. A new one is made.",
    ]
    assert list(drawn.made[Kind.BED]) == [("4W", "401B")]
    assert drawn.errors == []


def test_rooms_of_a_department_that_nobody_knows():
    drawn = planned("4W,,401,401A,,", "4V,,401,401A,,", "4V,,402,402A,,")
    assert [str(error) for error in drawn.errors] == [
        "f.csv, line 3, department_code: There is no department 4V. "
        "Correct the code, or name it in department_name to open it."
    ]
    assert preview(drawn).splitlines()[0] == "1 error; nothing is written:"


def test_a_cot_stands_beside_a_bed_of_its_room_that_is_no_cot():
    drawn = planned(
        "4W,401,401D,401A",
        "4W,401,401C,402A",
        "4W,403,403A,",
        "4W,403,403B,403A",
        "4W,401,401E,403A",
        "4W,402,402B,402A",
        "4W,401,401F,401C",
        "4W,403,403C,403B",
        "4W,403,403D,403X",
        header="department_code,room_code,bed_code,cot_of",
    )
    assert [str(error) for error in drawn.errors] == [
        "f.csv, line 6, cot_of: A cot stands in the room of its bed, and 403A is in room 403. Correct one of them.",
        "f.csv, line 7, cot_of: A cot stands in the room of its bed, and 402A is in no room. Correct one of them.",
        "f.csv, line 8, cot_of: 401C is a cot itself. Name the bed of the mother.",
        "f.csv, line 9, cot_of: 403B is a cot itself. Name the bed of the mother.",
        "f.csv, line 10, cot_of: There is no bed 403X in 4W. Correct the code, or add the bed.",
    ]
    assert [str(remark) for remark in drawn.remarks] == [
        "f.csv, line 3, cot_of: Bed 401C is there as “401A” and is kept so, not “402A”."
    ]
