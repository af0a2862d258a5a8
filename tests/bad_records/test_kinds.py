"""Whatever lies on a topic stops nobody, and each record ends where the design says (ADR 12)."""

import asyncio
from typing import Any

import asyncpg
import httpx2
import pytest

from tests.bad_records.kinds import APPLIED, CARRIED, KINDS, PASSED_OVER, Writer, good
from tests.support.hospital import Hospital
from tests.support.waiting import eventually

UNREADABLE = "a header key that is not UTF-8"
#: Who consumes each topic.
AT_SERVICES = {
    "hospital.admissions.admission.state.v1": ["beds"],
    "hospital.beds.placement.state.v1": ["admissions"],
    "hospital.beds.department.state.v1": ["admissions"],
    "hospital.admissions.patient.state.v1": ["admissions", "gateway"],
}


async def asked(hospital: Hospital, service: str, question: str, *values: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(hospital.stack.database_url(f"{service.upper()}_DATABASE_URL"))
    try:
        return await connection.fetch(question, *values)
    finally:
        await connection.close()


async def details(hospital: Hospital, service: str) -> dict[str, Any]:
    async with httpx2.AsyncClient() as http:
        answer = await http.get(f"{hospital.stack.url(service)}/health/details")
        return dict(answer.json())


async def position(hospital: Hospital, service: str, topic: str, partition: int) -> int:
    stored = "SELECT next_offset FROM consumer_position WHERE topic = $1 AND partition = $2"
    rows = await asked(hospital, service, stored, topic, partition)
    return int(rows[0][0]) if rows else 0


async def written(hospital: Hospital, topic: str) -> Writer:
    """Everything bad on partition 1, among good records; then a good one on each partition."""
    writer = Writer(hospital.stack.infrastructure.bootstrap, topic, 1)
    await asyncio.to_thread(writer.write_all)
    await writer.write_unreadable()
    await asyncio.to_thread(writer.write, "last", good(topic))
    return writer


def expected_letters(writer: Writer) -> dict[int, str]:
    field = CARRIED[writer.topic][1]
    ends = {name: kind.at_a_service.format(field=field) for name, kind in KINDS.items()}
    ends[UNREADABLE] = "a header key is not UTF-8"
    return {writer.at[name]: end for name, end in ends.items() if end not in {APPLIED, PASSED_OVER}}


@pytest.mark.parametrize(("topic", "services"), AT_SERVICES.items(), ids=AT_SERVICES)
async def test_at_a_service_each_ends_where_it_belongs_and_the_others_are_applied(
    hospital: Hospital, topic: str, services: list[str]
):
    before = {service: (await details(hospital, service))["consumer_records"] for service in services}
    writer = await written(hospital, topic)
    others = [Writer(writer.bootstrap, topic, partition) for partition in (0, 2)]
    for other in others:
        await asyncio.to_thread(other.write, "last", good(topic))

    async def all_taken() -> bool:
        ends = [
            await position(hospital, service, topic, each.partition) > each.at["last"]
            for service in services
            for each in (writer, *others)
        ]
        return all(ends)

    await eventually(all_taken, within=60)
    for service in services:
        await _each_ended(hospital, service, before[service], writer, len(others))


async def _each_ended(
    hospital: Hospital, service: str, before: dict[str, int], writer: Writer, others: int
) -> None:
    letters = "SELECT record_offset, reason FROM dead_letter WHERE topic = $1 AND partition = $2"
    found = {
        row[0]: row[1] for row in await asked(hospital, service, letters, writer.topic, writer.partition)
    }
    assert found == expected_letters(writer)
    after = (await details(hospital, service))["consumer_records"]
    grown = {fate: after[fate] - before[fate] for fate in before}
    assert grown["buried"] == len(found)
    assert (grown["repeated"], grown["unknown_type"], grown["tombstone"]) == (2, 1, 0)
    good_ones = sum(name.startswith("good") or name == "last" for name in writer.at)
    as_good = sum(kind.at_a_service == APPLIED for kind in KINDS.values())
    assert grown["applied"] >= good_ones + as_good + others


async def test_in_the_log_each_is_a_leaf_of_its_kind_or_a_counted_duplicate(hospital: Hospital):
    topic = "hospital.beds.bed.events.v1"
    writer = await written(hospital, topic)
    ends = {writer.at[name]: kind.in_the_log for name, kind in KINDS.items()}
    ends |= {at: None for name, at in writer.at.items() if name.startswith("good") or name == "last"}
    ends |= {writer.at["other words under its id"]: "conflict", writer.at[UNREADABLE]: "unreadable"}

    async def all_taken() -> bool:
        return await position(hospital, "audit", topic, writer.partition) > writer.at["last"]

    await eventually(all_taken, within=60)

    since = (
        "SELECT record_offset, kind FROM entry WHERE topic = $1 AND partition = $2 AND record_offset >= $3"
    )
    rows = await asked(hospital, "audit", since, topic, writer.partition, min(ends))
    assert {row[0]: row[1] for row in rows} == ends
    doubles = "SELECT record_offset FROM duplicate WHERE topic = $1 AND partition = $2"
    doubled = await asked(hospital, "audit", doubles, topic, writer.partition)
    assert [row[0] for row in doubled] == [writer.at["replay"]]


async def test_the_hospital_works_on(hospital: Hospital):
    """After all of that: every service is ready, and a patient gets a bed."""
    department = await hospital.a_department(beds=3)
    admitted = await asyncio.gather(*(hospital.an_admission(department, wait=30) for _ in range(3)))

    assert [admission["state"] for admission in admitted] == ["bed_assigned"] * 3
    for service in ("beds", "admissions", "audit", "gateway"):
        async with httpx2.AsyncClient() as http:
            answer = await http.get(f"{hospital.stack.url(service)}/health/ready")
        assert answer.status_code == 200, service
    for service in ("beds", "admissions", "gateway"):
        assert not any((await details(hospital, service))["consumer_standstill"].values())
