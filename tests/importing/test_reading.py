"""Every error of a file is found at once, at its line and column, with what to do about it."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from beds.domain.layout import RoomFacts
from beds.schemas import NewBed
from tools.importing.columns import COLUMNS, Kind
from tools.importing.reading import read
from tools.importing.wanted import Wanted, understand

HEADER = "department_code,department_name,room_code,bed_code,sex_policy,negative_pressure,equipment"
EXAMPLE = Path(__file__).parents[2] / "docs" / "beds.csv"


def wanted(text: str | bytes, name: str = "beds.csv") -> Wanted:
    return understand([read(name, text if isinstance(text, bytes) else text.encode())])


def told(text: str | bytes) -> list[str]:
    return [str(error) for error in wanted(text).errors]


def rows(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])


def test_the_example_in_the_docs_is_right():
    found = wanted(EXAMPLE.read_bytes())
    assert found.errors == []
    assert {kind: len(things) for kind, things in found.things.items()} == {
        Kind.DEPARTMENT: 2, Kind.ROOM: 3, Kind.BED: 6,
    }  # fmt: skip
    assert found.things[Kind.ROOM]["9N", "902"].facts == {
        "negative_pressure": True, "level_of_care": "step_down", "specialty": "infectious_diseases",
    }  # fmt: skip
    assert found.things[Kind.BED]["9N", "902"].facts == {"equipment": ["monitor", "oxygen", "suction"]}
    assert found.things[Kind.BED]["9P", "911AC"].facts == {"cot_of_bed_id": "911A"}


def test_there_is_a_column_for_each_fact_of_rooms_and_beds():
    of = {kind: {one.field for one in COLUMNS.values() if one.kind is kind} for kind in Kind}
    assert of[Kind.ROOM] == {"code"} | {fact.name for fact in fields(RoomFacts)}
    assert of[Kind.BED] == set(NewBed.model_fields) - {"department_id", "room_id"}


def test_every_error_is_found_at_once():
    assert told(
        rows(
            "4W,4 West,401,401A,femal,no,oxygen",
            "4W,West 4,401,401A,female,perhaps,oxygen",
            ",,402,402A,,,",
            "4W,,402,4 02,,,oxy/gen",
            "4W,,402",
        )
    ) == [
        "beds.csv, line 2, sex_policy: “femal” is not known. "
        "Write one of any, female, male, first_occupant. Did you mean female?",
        "beds.csv, line 3, negative_pressure: “perhaps” is not known. Write one of yes, true, 1, no, false, 0.",
        "beds.csv, line 3, department_name: Department 4W is “West 4” here and “4 West” in line 2. Make them agree.",
        "beds.csv, line 3, bed_code: Bed 401A of 4W is in line 2 already. "
        "Remove one of them, or give it another code.",
        "beds.csv, line 4, department_code: The value is missing. Every row needs it.",
        "beds.csv, line 5, bed_code: “4 02” is no code. "
        "Write at most 40 letters, digits, dots, hyphens and underscores, a letter or digit first.",
        "beds.csv, line 5, equipment: “oxy/gen” is no code. "
        "Write at most 40 letters, digits, dots, hyphens and underscores, a letter or digit first.",
        "beds.csv, line 6: The line has 3 values, the header 7 columns. "
        "Add what is missing, and put a value that contains the separator in double quotes.",
    ]


def test_a_room_is_the_same_in_all_its_rows():
    assert told(rows("4W,,401,401A,female,,", "4W,,401,401B,,yes,", "4W,,401,401C,male,no,")) == [
        "beds.csv, line 4, sex_policy: Room 401 is “male” here and “female” in line 2. Make them agree.",
        "beds.csv, line 4, negative_pressure: Room 401 is “no” here and “yes” in line 3. Make them agree.",
    ]


def test_an_empty_cell_says_nothing():
    found = wanted(rows("4W,,401,401A,,,", "4W,4 West,401,401B,female,,"))
    assert found.errors == []
    assert found.things[Kind.DEPARTMENT]["4W",].facts == {"name": "4 West"}
    assert found.things[Kind.ROOM]["4W", "401"].facts == {"sex_policy": "female"}


def test_a_bed_in_two_files_is_named_with_both():
    sheets = [read(name, rows("4W,,401,401A,,,").encode()) for name in ("one.csv", "two.csv")]
    assert [str(error) for error in understand(sheets).errors] == [
        "two.csv, line 2, bed_code: Bed 401A of 4W is in line 2 of one.csv already. "
        "Remove one of them, or give it another code."
    ]


def test_columns_that_are_unknown_doubled_nameless_or_missing():
    header = "department_code,room_cod,bed_code,bed_code,,ward"
    assert told(f"{header}\n4W,401,401A,401A,,\n") == [
        "beds.csv, line 1, room_cod: This column is not known. Rename or remove it. Did you mean room_code?",
        "beds.csv, line 1, bed_code: This column is there twice. Remove one of them.",
        "beds.csv, line 1, column 5: This column has no name. Name it or remove it.",
        "beds.csv, line 1, ward: This column is not known. Rename or remove it.",
        "beds.csv, line 1, room_code: This column is missing. Add it; every row needs a value there.",
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_files_as_spreadsheets_write_them(separator: str, ending: str, mark: bytes):
    lines = (
        ["Bed_Code", "room_code", "DEPARTMENT_CODE ", "equipment"],
        ["401A", " 401", "4W", '"oxygen; monitor"'],
    )
    text = ending.join([*map(separator.join, lines), separator * 3, ""])
    found = wanted(mark + text.encode())
    assert found.errors == []
    assert found.things[Kind.BED]["4W", "401A"].facts == {"equipment": ["monitor", "oxygen"]}


@pytest.mark.parametrize(
    ("encoding", "sentence"),
    [
        (
            "cp1252",
            "beds.csv, line 3: The file is not UTF-8: here is the byte 0xfc. "
            "Save it as “CSV UTF-8” and import that.",
        ),
        (
            "utf-16",
            "beds.csv, line 1: The file is UTF-16, not UTF-8. Save it as “CSV UTF-8” and import that.",
        ),
    ],
)
def test_another_encoding_is_an_error_beside_the_others(encoding: str, sentence: str):
    text = rows("4W,4 West,401,401A,,,", "5S,5 Süd,501,501A,none,,")
    errors = told(text.encode(encoding))
    assert sentence in errors
    assert len(errors) == 2
    assert errors[1].startswith("beds.csv, line 3, sex_policy: “none” is not known.")


def test_wrong_quotes_are_told_where_their_row_begins():
    assert told(
        rows('4W,"4 West" side,401,401A,,,', "4W,,401,401B,old,,", '4W,"open,401,401C,,,', "4W,,401,401D,,,")
    ) == [
        "beds.csv, line 2: The quotes of this line are wrong (',' expected after '\"'). "
        "Quote a whole value, and double a quote in it.",
        "beds.csv, line 3, sex_policy: “old” is not known. Write one of any, female, male, first_occupant.",
        "beds.csv, line 4: The quotes of this line are wrong (unexpected end of data). "
        "Quote a whole value, and double a quote in it.",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: The file is empty."),
        (HEADER + "\n\n", "line 1: There is nothing below the header."),
        ("4W,4 West,401,401A\n", "line 1: This names none of the columns."),
    ],
)
def test_a_file_that_says_nothing(text: str, sentence: str):
    (error,) = told(text)
    assert sentence in error


@given(st.one_of(st.binary(), st.text("\"',;\t\r\n\0ü40", max_size=60).map(lambda text: rows(text).encode())))
def test_nothing_that_a_file_may_hold_stops_the_reading(content: bytes):
    sheet = read("beds.csv", content)
    assert sheet.rows or sheet.errors
