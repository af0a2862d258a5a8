"""A process that is killed at any of its fail points leaves tables, topics and the log in agreement."""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Range
from confluent_kafka import Producer

from common.embedded import ProcessFailed
from tests.failpoints.changing_places import Pair, wards_of_a_pair
from tests.failpoints.day import Shift
from tests.failpoints.dying import EVERY, dies_at, dies_in_each
from tests.failpoints.rounds import COMMAND, REACHED, Round, rounds
from tests.support.balance import assert_balanced, assert_kept
from tests.support.books import Books, Row, close_books
from tests.support.hospital import Hospital
from tests.support.insisting import Insisting

ROUNDS = rounds(every=EVERY)
#: What a process listens to, for a record that it can never apply, and all who bury it.
_HEARD: Mapping[str, tuple[str, Sequence[str]]] = {
    "beds": ("hospital.admissions.admission.state.v1", ["beds"]),
    "admissions": ("hospital.beds.placement.state.v1", ["admissions"]),
    "gateway": ("hospital.admissions.patient.state.v1", ["gateway", "admissions"]),
}
_PROCESSES = ", ".join(f"{name}.main" for name in REACHED)
_NAMES = f"import {_PROCESSES}; from common import failpoints; print(*failpoints.names())"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("dying", ROUNDS, ids=lambda dying: "-".join(sum(dying.values(), ())))
async def test_nothing_is_lost_and_nothing_happens_twice(
    hospital: Hospital, shifts: list[Shift], dying: Round
):
    buried = await _dead_letters(hospital)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as working:
        for shift in shifts:
            working.create_task(shift.work(over))
        async with asyncio.TaskGroup() as deaths:
            for process, points in dying.items():
                deaths.create_task(_dies_at_each(hospital, process, points, buried))
        over.set()

    books = await close_books(hospital.stack)
    assert_balanced(books)
    assert {name: len(tables["dead_letter"]) for name, tables in books.tables.items()} == buried
    promises = [one for shift in shifts for client in shift.clients for one in client.acknowledged]
    assert_kept(books, promises)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(len(COMMAND)) if EVERY else [0])
async def test_whoever_changes_places_is_lost_by_no_death(hospital: Hospital, first: int):
    """Beds dies in the middle of each act, at one of the points; in the long form at each of them."""
    manager = Insisting(hospital.another_device(hospital.bed_manager))
    pair = Pair(manager, await wards_of_a_pair(hospital))
    await pair.come()
    points = [COMMAND[(first + n) % len(COMMAND)] for n in range(len(pair.acts))]
    await dies_in_each(hospital.stack, "beds", pair.acts, points)
    await pair.be_discharged()
    await dies_in_each(hospital.stack, "admissions", [pair.reopen], [COMMAND[first]])
    await pair.go()

    books = await close_books(hospital.stack)
    assert_balanced(books)
    assert_kept(books, manager.acknowledged)


def test_no_fail_point_is_left_out():
    said = subprocess.run([sys.executable, "-c", _NAMES], capture_output=True, text=True, check=True)
    declared = set(said.stdout.split())
    assert {point for points in REACHED.values() for point in points} == declared
    short = [point for dying in rounds(every=False) for points in dying.values() for point in points]
    assert set(short) == declared


async def test_a_misspelt_fail_point_stops_the_start(hospital: Hospital):
    stack = hospital.stack
    await asyncio.to_thread(stack.stop_process, "audit")
    try:
        await asyncio.to_thread(stack.begin_program, "audit", {"WARDLINE_FAILPOINT": "ingest.before:1"})
        with pytest.raises(ProcessFailed, match=r"=ingest\.before:1: say <name>"):
            await asyncio.to_thread(stack.wait_ready)
    finally:
        await asyncio.to_thread(stack.start_process, "audit")


async def _dies_at_each(hospital: Hospital, name: str, points: Sequence[str], buried: Counter[str]) -> None:
    """Killed as it is, then started with one fail point after the other, at last with none."""
    stack = hospital.stack
    await asyncio.to_thread(stack.kill, name)
    for point in points:
        if point.startswith("bury."):
            topic, listeners = _HEARD[name]
            await asyncio.to_thread(_say_nonsense, stack.infrastructure.bootstrap, topic)
            buried.update(listeners)
        if point.startswith("timer.replay."):
            await _want_all_again(hospital, name)
        if point.startswith("timer.key_rotation."):
            await _forget_a_digest(hospital)
        await dies_at(stack, name, point)
    await asyncio.to_thread(stack.begin_program, name)


def _say_nonsense(bootstrap: str, topic: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(topic, key=b"nonsense", value=b"nonsense")
    assert producer.flush(10) == 0


async def _want_all_again(hospital: Hospital, name: str) -> None:
    database = await asyncpg.connect(hospital.stack.database_url(f"{name.upper()}_DATABASE_URL"))
    assert await database.execute("UPDATE dead_letter SET state = 'replay_wanted'") != "UPDATE 0"
    await database.close()


async def _forget_a_digest(hospital: Hospital) -> None:
    """Of one patient, who is to be found again under the search key."""
    database = await asyncpg.connect(hospital.stack.database_url("ADMISSIONS_DATABASE_URL"))
    one = "(SELECT patient_id FROM patient_index LIMIT 1)"
    assert await database.execute(f"DELETE FROM patient_index WHERE patient_id = {one}") != "DELETE 0"
    await database.close()


async def _dead_letters(hospital: Hospital) -> Counter[str]:
    books = await close_books(hospital.stack)
    return Counter({name: len(tables["dead_letter"]) for name, tables in books.tables.items()})


def _without_the_last_leaf(books: Books) -> None:
    books.log.pop()


def _without_a_record(books: Books) -> None:
    books.records["hospital.beds.bed.state.v1"].pop()


def _with_a_patient_too_many(books: Books) -> None:
    free = next(row for row in books.tables["beds"]["bed"] if row["state"] != "occupied")
    _replace(books.tables["beds"]["bed"], free, {"state": "occupied", "admission_id": _somebody(books)})


def _with_an_arrival_twice(books: Books) -> None:
    movements = books.tables["beds"]["movement"]
    movements.append(movements[0])


def _with_a_departure_from_another_bed(books: Books) -> None:
    movements = books.tables["beds"]["movement"]
    departure = next(row for row in movements if row["kind"] == "departure")
    _replace(movements, departure, {"from_bed_id": departure["id"]})


def _with_another_state_in_the_past(books: Books) -> None:
    steps = books.tables["beds"]["bed_step"]
    _replace(steps, steps[-1], {"state": "inspect"})


def _with_a_stay_that_ended_later(books: Books) -> None:
    occupancy = books.tables["beds"]["occupancy"]
    stay = next(row for row in occupancy if row["kind"] == "stay" and row["period"].upper)
    end = stay["period"].upper + timedelta(seconds=1)
    _replace(occupancy, stay, {"period": Range(stay["period"].lower, end)})


def _with_an_answer_that_was_not_heard(books: Books) -> None:
    heard = books.tables["admissions"]["heard_placement"]
    _replace(heard, heard[0], {"version": heard[0]["version"] - 1})


def _with_words_about_somebody_erased(books: Books) -> None:
    keys = books.tables["gateway"]["note_key"]
    destroyed = next(row for row in keys if row["wrapped"] is None)
    _replace(keys, destroyed, {"wrapped": b"a key"})


def _with_another_word_in_the_log(books: Books) -> None:
    """By somebody who can make a hash: only whoever rebuilds the beds from the log can see it."""
    entry = next(row for row in reversed(books.log) if row["topic"] == "hospital.beds.bed.events.v1")
    leaf = json.loads(entry["leaf"])
    leaf["value"] = json.dumps(json.loads(leaf["value"]) | {"state": "inspect"})
    written = json.dumps(leaf).encode()
    _replace(books.log, entry, {"leaf": written, "leaf_hash": sha256(b"\0" + written).digest()})


def _somebody(books: Books) -> UUID:
    somebody: UUID = books.tables["beds"]["placement"][0]["admission_id"]
    return somebody


def _replace(rows: list[Row], row: Row, changes: dict[str, object]) -> None:
    rows[rows.index(row)] = dict(row) | changes


@pytest.mark.parametrize(
    "doctor",
    [
        _without_the_last_leaf,
        _with_another_word_in_the_log,
        _without_a_record,
        _with_a_patient_too_many,
        _with_an_arrival_twice,
        _with_a_departure_from_another_bed,
        _with_another_state_in_the_past,
        _with_a_stay_that_ended_later,
        _with_an_answer_that_was_not_heard,
        _with_words_about_somebody_erased,
    ],
)
async def test_books_that_do_not_agree_are_noticed(
    hospital: Hospital, shifts: list[Shift], doctor: Callable[[Books], None]
):
    assert shifts
    books = await close_books(hospital.stack)
    assert_balanced(books)

    doctor(books)

    with pytest.raises(AssertionError, match="complaints"):
        assert_balanced(books)
