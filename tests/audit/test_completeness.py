"""What never arrived is noticed: a hole in a producer's numbers, a hole among the versions of an aggregate."""

import random
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import audit
from audit.completeness import enter_numbers, gauges, numbers_of
from audit.ingest import Ingester
from common.db import database
from common.envelope import Received
from tests.audit.log import Log, Ward, an_event
from tests.support.waiting import eventually

BEDS = "/hospital/beds"
MISSING = {"log_stream_missing", "log_stream_missing_s", "log_sequence_missing", "log_sequence_missing_s"}


async def told(ingester: Ingester, name: str) -> Any:
    (gauge,) = [gauge for gauge in ingester.gauges() if gauge.name == name]
    return await gauge.ask()


async def test_a_hole_in_the_numbers_of_a_producer_is_told_until_it_closes(log: Log, ward: Ward):
    async with log.ingesting() as ingester:
        await ward.send(*(an_event(1, streamseq=f"1.{n}") for n in (1, 2, 4, 6)))
        await log.reaches(4)
        assert await told(ingester, "log_stream_missing") == {BEDS: 3}
        age = (await told(ingester, "log_stream_missing_s"))[BEDS]
        assert 0 < age < 60

        await ward.send(an_event(1, streamseq="1.3"))
        await log.reaches(5)
        assert await told(ingester, "log_stream_missing") == {BEDS: 5}

        await ward.send(an_event(1, streamseq="1.5"))
        await log.reaches(6)
        assert await told(ingester, "log_stream_missing") == {BEDS: 0}
        assert await told(ingester, "log_stream_missing_s") == {BEDS: 0}


async def test_the_age_is_that_of_the_first_hole_whatever_comes_after_it(log: Log, ward: Ward):
    async with log.ingesting() as ingester:
        await ward.send(*(an_event(1, streamseq=f"1.{n}") for n in (1, 3)))
        await log.reaches(2)
        before = await _since(log)
        await ward.send(*(an_event(1, streamseq=f"1.{n}") for n in (5, 7)))
        await log.reaches(4)
        assert await _since(log) == before

        await ward.send(an_event(1, streamseq="1.2"))
        await log.reaches(5)
        assert await told(ingester, "log_stream_missing") == {BEDS: 4}
        assert await _since(log) > before


async def _since(log: Log) -> Any:
    return await log.admin.fetchval("SELECT missing_since FROM numbering WHERE series = $1", BEDS)


async def test_a_version_of_an_aggregate_that_never_came_is_told(log: Log, ward: Ward):
    bed, other = str(uuid4()), str(uuid4())
    async with log.ingesting() as ingester:
        await ward.send(*(an_event(n, key=other) for n in (1, 2)), *(an_event(n, key=bed) for n in (1, 4)))
        await log.reaches(4)
        assert await told(ingester, "log_sequence_missing") == {ward.topic: 2}
        assert 0 < (await told(ingester, "log_sequence_missing_s"))[ward.topic] < 60

        await ward.send(*(an_event(n, key=bed) for n in (2, 3)))
        await log.reaches(6)
        assert await told(ingester, "log_sequence_missing") == {}


async def test_each_epoch_of_a_producer_is_numbered_from_one(log: Log, ward: Ward):
    async with log.ingesting() as ingester:
        await ward.send(*(an_event(1, streamseq=number) for number in ("1.1", "1.2", "2.1", "2.2")))
        await log.reaches(4)
        assert await told(ingester, "log_stream_missing") == {BEDS: 0}
        await ward.send(an_event(1, streamseq="2.4"))
        await log.reaches(5)
        assert await told(ingester, "log_stream_missing") == {BEDS: 3}


@pytest.mark.parametrize("seed", range(5))
async def test_in_whatever_order_and_however_often_they_come(log: Log, seed: int):
    chance = random.Random(seed)
    numbers = [n for n in range(1, 200) if n not in (50, 120)] + chance.choices(range(1, 49), k=30)
    chance.shuffle(numbers)
    async with database(log.url, refusals={}) as opened:
        asked = {gauge.name: gauge for gauge in gauges(opened.read)}
        assert asked.keys() == MISSING
        so_far: set[int] = set()
        while numbers:
            batch, numbers = numbers[:17], numbers[17:]
            so_far |= set(batch)
            async with opened.write() as act:
                await enter_numbers(act, [_received(f"1.{n}") for n in batch], await act.moment())
            missing = sorted(set(range(1, max(so_far))) - so_far)
            assert await asked["log_stream_missing"].ask() == {BEDS: missing[0] if missing else 0}


def _received(streamseq: str | None, **other: Any) -> Received:
    named: dict[str, Any] = {"topic": "hospital.beds.bed.events.v1", "id": "1", "source": BEDS, "type": "t"}
    rest = {"version": 1, "correlation_id": "c", "actor": "a", "traceparent": None, "payload": {}}
    return Received(**(named | rest | {"streamseq": streamseq} | other))


@pytest.mark.parametrize("number", ["", "1", "1.0", "x.1", "1.-2", "1.9999999999999999999", "1.1.1", "９.1"])
def test_what_is_no_number_of_a_stream_counts_as_none(number: str):
    assert numbers_of([_received(number)]) == {}


@pytest.mark.parametrize(
    "other",
    [
        {"version": 0},
        {"version": 10**30},
        {"subject": "bed/\0"},
        {"subject": "x" * 201},
        {"topic": "hospital.beds.access.events.v1"},
    ],
)
def test_what_has_no_versions_counts_as_none(other: dict[str, Any]):
    assert numbers_of([_received(None, **({"subject": "bed/1"} | other))]) == {}


async def test_a_log_that_was_there_before_is_numbered_by_the_migration(log: Log, ward: Ward):
    async with log.ingesting():
        await ward.send(*(an_event(n) for n in (1, 2, 4)), an_event(7, streamseq="2.1"))
        await ward.send((b"k", b"no JSON", [("ce_streamseq", b"1.3")]))
        await log.reaches(5)
    numbered = "SELECT series, member, entered::text, first_missing FROM numbering ORDER BY 1, 2"
    before = await log.admin.fetch(numbered)
    await log.admin.execute("DELETE FROM numbering")

    await log.admin.execute(_migration("0002_completeness").NUMBER)

    assert await log.admin.fetch(numbered) == before != []


def _migration(name: str) -> Any:
    assert audit.__file__
    path = Path(audit.__file__).parents[1] / "migrations" / f"{name}.py"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_lag_of_the_log_is_told_by_topic(log: Log, ward: Ward):
    async with log.ingesting() as ingester:
        await ward.send(an_event())
        await log.reaches(1)

        async with log.admin.acquire() as blocker, blocker.transaction():
            await blocker.execute("SELECT * FROM log_size FOR UPDATE")
            await ward.send(*(an_event() for _ in range(3)))
            await eventually(lambda: _lag_is(ingester, {ward.topic: 3}))
        await eventually(lambda: _lag_is(ingester, {ward.topic: 0}))


async def _lag_is(ingester: Ingester, expected: dict[str, int]) -> bool:
    return await ingester.lag() == expected
