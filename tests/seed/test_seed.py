"""The demo hospital is complete, and loading it again changes nothing."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from tests.support.hospital import PASSWORD
from tools.day.commands import line, summary as day_summary
from tools.day.playing import play
from tools.seed.client import Client, Refused
from tools.seed.hospital import PEOPLE, WARDS
from tools.seed.loading import in_silence, load
from tools.seed.report import Report
from tools.seed.showing import sign_ins, summary

DEMO = "demo password of tests"
LISTS = (
    *("users", "departments", "rooms", "beds", "placements", "admissions", "cleaning_jobs", "transfers"),
    "reservations",
)

Json = dict[str, Any]


@dataclass(frozen=True)
class Loaded:
    """What two loads reported, how long the first took, and all lists after each."""

    first: Report
    again: Report
    seconds: float
    shown: dict[str, list[Json]]
    shown_again: dict[str, list[Json]]


async def _lists(url: str) -> dict[str, list[Json]]:
    """Every resource, each list as somebody who may read it."""
    async with ClientSession(url) as http:
        nobody = Client(http, {})
        admin = await nobody.sign_in("admin", PASSWORD)
        manager = await nobody.sign_in("bed_manager", DEMO)
        cleaner = await nobody.sign_in("housekeeping", DEMO)
        readers = {"users": admin, "cleaning_jobs": cleaner}
        return {name: [one async for one in readers.get(name, manager).all(f"/v1/{name}")] for name in LISTS}


async def _settled(url: str) -> dict[str, list[Json]]:
    """The lists once admissions has heard of every placement."""
    while True:
        lists = await _lists(url)
        placed = {one["admission_id"]: one["version"] for one in lists["placements"]}
        heard = {one["id"]: one["placement"]["version"] for one in lists["admissions"]}
        if placed == heard:
            return lists
        await asyncio.sleep(0.1)


@pytest_asyncio.fixture(scope="module")
async def loaded(empty_hospital) -> Loaded:
    url = empty_hospital.gateway_url
    began = time.monotonic()
    first = await load(url, PASSWORD, DEMO, in_silence)
    seconds = time.monotonic() - began
    shown = await _settled(url)
    again = await load(url, PASSWORD, DEMO, in_silence)
    return Loaded(first, again, seconds, shown, await _settled(url))


def _count(rows: list[Json], field: str = "state") -> Counter[str]:
    return Counter(row[field] for row in rows)


def test_loading_again_changes_nothing(loaded):
    assert loaded.again == Report()
    assert loaded.shown_again == loaded.shown
    assert "was there already" in summary(loaded.again)


def test_it_is_quick(loaded):
    assert loaded.seconds < 100  # 11 s on an idle machine


def test_three_hundred_beds_in_twelve_departments(loaded):
    assert [one["code"] for one in loaded.shown["departments"]] == sorted(ward.code for ward in WARDS)
    assert len(loaded.shown["departments"]) == 12
    assert len(loaded.shown["beds"]) == 286 + 6
    assert sum(bed["cot_of_bed_id"] is not None for bed in loaded.shown["beds"]) == 6
    assert all(bed["room_id"] for bed in loaded.shown["beds"])
    assert _count(loaded.shown["beds"]) == {
        "occupied": 218, "held": 10, "dirty": 19, "cleaning": 9, "blocked": 1, "closed": 1, "available": 34,
    }  # fmt: skip


def test_rooms_say_for_whom_they_are(loaded):
    assert _count(loaded.shown["rooms"], "age_band") == {"any": 119, "child": 16, "neonate": 24}
    assert sum(room["negative_pressure"] for room in loaded.shown["rooms"]) == 2
    assert sum("ventilator" in bed["equipment"] for bed in loaded.shown["beds"]) == 6


def test_cleaning_jobs_waiting_and_under_way(loaded):
    states = _count(loaded.shown["cleaning_jobs"])
    assert (states["accepted"], states["started"]) == (12, 9)


def test_beds_that_nobody_came_to_clean_in_time(loaded):
    late = [
        job for job in loaded.shown["cleaning_jobs"] if {"response_150", "turnaround_150"} <= {*job["missed"]}
    ]
    assert len(late) == 3
    assert {job["state"] for job in late} == {"requested"}


def test_somebody_was_transferred_and_somebody_waits_to_be(loaded):
    assert _count(loaded.shown["transfers"]) == {"completed": 1, "requested": 1}


def test_beds_are_reserved_for_who_comes_tomorrow(loaded):
    assert _count(loaded.shown["reservations"]) == {"reserved": 2}


async def test_newborns_lie_beside_their_mothers(loaded, empty_hospital):
    beds = {bed["id"]: bed for bed in loaded.shown["beds"]}
    here = {one["bed_id"]: one["patient_id"] for one in loaded.shown["placements"] if one["bed_id"] in beds}
    pairs = [
        (here[bed["cot_of_bed_id"]], here[cot])
        for cot, bed in beds.items()
        if bed["cot_of_bed_id"] and cot in here
    ]
    assert len(pairs) == 2
    async with ClientSession(empty_hospital.gateway_url) as http:
        manager = await Client(http, {}).sign_in("bed_manager", DEMO)
        assert [mother for mother, _ in pairs] == [
            (await manager.get(f"/v1/patients/{newborn}"))["mother_id"] for _, newborn in pairs
        ]


def test_somebody_was_registered_twice(loaded):
    by_person = Counter(one["person_id"] for one in loaded.shown["admissions"])
    assert [number for number in by_person.values() if number > 1] == [2]


async def test_one_of_each_reversal(loaded, empty_hospital):
    """Each patient's movements, as often as they are told; what was reversed is marked and stays."""
    async with ClientSession(empty_hospital.gateway_url) as http:
        manager = await Client(http, {}).sign_in("bed_manager", DEMO)
        told: Counter[tuple[str, ...]] = Counter()
        for one in loaded.shown["placements"]:
            path = f"/v1/placements/{one['admission_id']}/movements"
            told[*(movement["kind"] for movement in (await manager.get(path))["items"])] += 1
    assert told["arrival", "arrival_reversed"] == 1
    assert told["arrival", "move", "move_reversed"] == 1
    assert told["arrival", "departure", "arrival"] == 1
    assert told["arrival", "leave"] == 1
    assert told["arrival", "move"] == 1, "transferred"


def test_patients_in_every_state(loaded):
    assert loaded.first.made["patients"] == loaded.first.made["admissions"] == 280
    assert _count(loaded.shown["admissions"]) == {
        "admitted": 217, "on_leave": 1, "bed_assigned": 10, "requested": 14, "discharged": 24, "cancelled": 7,
        "no_show": 6, "entered_in_error": 1,
    }  # fmt: skip
    assert _count(loaded.shown["placements"])["queued"] == 14
    assert [one["left_unconfirmed"] for one in loaded.shown["admissions"]].count(True) == 15
    assert loaded.first.refused == []


def test_a_user_with_rights_for_each_role(loaded):
    held = {one["username"]: one["grants"] for one in loaded.shown["users"]}
    assert {grants[0]["role"] for grants in held.values()} >= {
        *("nurse", "charge_nurse", "physician", "bed_manager", "unit_manager", "housekeeping"),
        *("staffing_coordinator", "credentialing_officer", "auditor", "integration", "admin"),
    }
    for person in PEOPLE:
        (grant,) = held[person.username]
        assert grant["role"] == person.role
        assert len(grant["departments"] or ()) == len(person.wards)
    assert sign_ins().row_count == len(PEOPLE)


async def test_names_are_kept_off_boards_where_they_must_be(loaded, empty_hospital):
    async with ClientSession(empty_hospital.gateway_url) as http:
        manager = await Client(http, {}).sign_in("bed_manager", DEMO)
        beds = [bed async for bed in manager.all("/v1/beds?include=patient_name")]
    names = {bed["code"]: bed["patient_name"] for bed in beds}
    assert names["401A"] == "Abara, Chidi"
    assert names["402A"] is None, "a privacy flag"
    assert names["E2A"] is None, "nobody knows who it is"


async def test_who_cannot_sign_in_is_named(empty_hospital):
    with pytest.raises(Refused, match="sign_in_refused"):
        await load(empty_hospital.gateway_url, "another password", DEMO, in_silence)


async def test_whose_session_is_over_signs_in_again(loaded, empty_hospital):
    async with ClientSession(empty_hospital.gateway_url) as http:
        manager = await Client(http, {}).sign_in("bed_manager", DEMO)
        await manager.sign_out()
        me = await asyncio.gather(*(manager.get("/v1/me") for _ in range(5)))
    assert {one["user"]["username"] for one in me} == {"bed_manager"}


async def test_a_day_is_played_in_it(loaded, empty_hospital):
    """Twelve hours in as many seconds. It comes last: it changes what the others look at."""
    seen: list[str] = []
    tally = await play(
        empty_hospital.gateway_url,
        DEMO,
        speed=3600,
        hours=12,
        seed=1,
        show=lambda now, hospital: seen.append(line(now, hospital)),
    )
    assert tally.unexpected == []
    assert all(
        tally.done[act] for act in ("register", "admit", "arrive", "depart", "accept", "start", "complete")
    )
    assert seen[0].startswith("day 1, 00:0")
    assert (
        f"Done: {', '.join(f'{act} {number}' for act, number in tally.done.most_common())}."
        in day_summary(tally)
    )
