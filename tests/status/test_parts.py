"""What makes a hospital less than well, and what a table says of it."""

from typing import Any

import pytest
from rich.console import Console

from tools.status.parts import Outbox, Part, State, judged, overall, remarks_on
from tools.status.showing import document, table

WELL: dict[str, Any] = {"state": "ok", "dead_letters": 0, "unanswered_wants": 0}
BEDS = "/hospital/beds"


def test_where_all_is_well_there_is_nothing_to_look_at():
    missing: dict[str, Any] = {"log_stream_missing": {BEDS: 0}, "log_stream_missing_s": {BEDS: 0}}
    assert list(remarks_on(WELL | missing)) == []


@pytest.mark.parametrize(
    ("found", "remark"),
    [
        ({"state": "degraded"}, "degraded"),
        ({"dead_letters": 2}, "2 dead letters"),
        ({"unanswered_wants": 3}, "3 wants unanswered for 30 s"),
        (
            {"log_stream_missing": {BEDS: 7}, "log_stream_missing_s": {BEDS: 61.2}},
            f"event 7 of {BEDS} has been missing for 61 s",
        ),
    ],
)
def test_what_somebody_should_look_at_is_said(found: dict[str, Any], remark: str):
    assert list(remarks_on(WELL | found)) == [remark]


def test_a_number_that_is_late_for_a_moment_is_none_to_look_at():
    late: dict[str, Any] = {"log_stream_missing": {BEDS: 7}, "log_stream_missing_s": {BEDS: 2.0}}
    assert list(remarks_on(WELL | late)) == []


def test_a_service_whose_outbox_nobody_publishes_is_degraded():
    beds = [Part("beds", State.OK, relay_active=False) for _ in range(2)]
    audit = [Part("audit", State.OK, relay_active=active) for active in (True, False)]

    found = judged([*beds, *audit])

    assert [part.state for part in found] == [State.DEGRADED, State.DEGRADED, State.OK, State.OK]
    assert found[0].remarks == ["no replica publishes the outbox"]


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        ([State.OK, State.OK], State.OK),
        ([State.OK, State.DEGRADED], State.DEGRADED),
        ([State.DOWN, State.DEGRADED], State.DOWN),
        ([], State.DOWN),
    ],
)
def test_a_hospital_is_as_well_as_its_worst_part(states: list[State], worst: State):
    assert overall([Part("part", state) for state in states]) is worst


def test_a_table_names_each_part_also_on_a_narrow_terminal():
    console = Console(width=80)
    parts = [
        Part(
            "admissions", State.DEGRADED, "0.1.0", 7100.0, Outbox(3, 72.0), 12, 2, False, ["2 dead letters"]
        ),
        Part("beds", State.DOWN),
    ]
    with console.capture() as captured:
        console.print(table(parts))

    (admissions,) = [line for line in captured.get().splitlines() if line.startswith("admissions")]
    for told in ("degraded", "2 h", "0.1.0", "3, 1 min", "12", "standby"):
        assert told in admissions
    assert [part["state"] for part in document(parts)["parts"]] == ["degraded", "down"]
