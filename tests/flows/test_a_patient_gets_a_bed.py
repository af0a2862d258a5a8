"""The story that everything is for, told by people at the gateway and again by the audit log."""

from collections import defaultdict
from typing import NamedTuple
from uuid import UUID

import asyncpg
import pytest_asyncio
from confluent_kafka import Message

from tests.support.hospital import Hospital
from tests.support.person import Json, Person
from tests.support.reading import everything_of, header
from tests.support.waiting import eventually

Place = tuple[str, int, int]


class Story(NamedTuple):
    """The ids of what a story was about."""

    patient: str
    admission: str
    bed: str
    cleaning_job: str

    @property
    def entities(self) -> list[str]:
        return [
            f"patient/{self.patient}",
            f"admission/{self.admission}",
            f"placement/{self.admission}",
            f"bed/{self.bed}",
            f"cleaning_job/{self.cleaning_job}",
        ]


@pytest_asyncio.fixture(scope="module")
async def story(hospital: Hospital) -> Story:
    ward = await hospital.a_department(beds=1)
    bed = str(ward.beds[0])
    nurse = await hospital.staff("nurse", [ward])
    cleaner = await hospital.staff("housekeeping")

    person = {"mrn": "M-STORY", "name": "Doe, Jane", "date_of_birth": "1980-02-03"}
    patient = (await nurse.do("/v1/patients", person))["id"]

    wanted = {"patient_id": patient, "department_id": str(ward.id)}
    admission = await nurse.do("/v1/admissions", wanted, wait=10)
    assert admission["state"] == "bed_assigned"
    assert (admission["placement"]["state"], admission["placement"]["bed_id"]) == ("held", bed)
    assert await _bed(nurse, bed) == ("held", "available", patient)

    placement = await nurse.do(f"/v1/placements/{admission['id']}/arrival")
    assert (placement["state"], placement["bed_id"]) == ("in_bed", bed)
    assert await _bed(nurse, bed) == ("occupied", "occupied", patient)
    await eventually(lambda: _is(nurse, admission["id"], "admitted"))
    (shown,) = (await nurse.read("/v1/beds", department_id=str(ward.id), include="patient_name"))["items"]
    assert shown["patient_name"] == "Doe, Jane"

    left = await nurse.do(f"/v1/placements/{admission['id']}/departure", {"reason_code": "discharged"})
    assert (left["state"], left["bed_id"]) == ("left", None)
    assert await _bed(nurse, bed) == ("dirty", "cleaning", None)
    await eventually(lambda: _is(nurse, admission["id"], "discharged"))

    (job,) = await cleaner.list("/v1/cleaning_jobs", bed_id=bed, state="requested")
    await cleaner.do(f"/v1/cleaning_jobs/{job['id']}/start")
    assert await _bed(nurse, bed) == ("cleaning", "cleaning", None)
    await cleaner.do(f"/v1/cleaning_jobs/{job['id']}/complete")
    assert await _bed(nurse, bed) == ("available", "available", None)

    history = await nurse.list(f"/v1/admissions/{admission['id']}/history")
    assert [change["what"] for change in history] == ["requested", "bed_assigned", "admitted", "discharged"]
    return Story(patient, admission["id"], bed, job["id"])


async def _bed(who: Person, bed: str) -> tuple[str, str, str | None]:
    seen = await who.read(f"/v1/beds/{bed}")
    return seen["state"], seen["status"], seen["patient_id"]


async def _is(who: Person, admission: str, state: str) -> bool:
    return bool((await who.read(f"/v1/admissions/{admission}"))["state"] == state)


async def test_the_next_patient_gets_the_bed_that_was_cleaned(hospital: Hospital, story: Story):
    bed = await hospital.bed_manager.read(f"/v1/beds/{story.bed}")
    admission = await hospital.an_admission(UUID(bed["department_id"]))
    assert admission["placement"]["bed_id"] == story.bed


async def test_the_audit_log_tells_the_same_story(hospital: Hospital, story: Story):
    auditor = await hospital.staff("auditor")
    told = {"admission": ["requested", "bed_assigned", "admitted", "discharged"]}
    told |= {"patient": ["registered"], "cleaning_job": ["requested", "started", "completed"]}
    told |= {"placement": ["held", "arrived", "departed"]}
    told |= {"bed": ["added", "readied", "held", "occupied", "vacated", "changed", "readied"]}

    for entity in story.entities:
        words = told[entity.partition("/")[0]]

        async def heard(entity: str = entity, words: list[str] = words) -> list[Json] | None:
            entries = (await auditor.list("/v1/audit/entries", entity=entity))[::-1]
            return entries if len(entries) >= len(words) else None

        entries = await eventually(heard)
        assert [entry["action"] for entry in entries][: len(words)] == words
        assert all(entry["kind"] is None and entry["outcome"] == "success" for entry in entries)
        assert [entry["index"] for entry in entries] == sorted({entry["index"] for entry in entries})
        assert all(entry["summary"] and entry["metadata"] for entry in entries)


async def test_the_entries_of_each_entity_are_its_events_in_their_order(hospital: Hospital, story: Story):
    auditor = await hospital.staff("auditor")
    events = {_place(record): record for record in await _events(hospital)}
    for entity in story.entities:
        entries = (await auditor.list("/v1/audit/entries", entity=entity))[::-1]
        places = [_source(entry) for entry in entries]
        sent = [record for record in events.values() if header(record, "ce_subject") == entity]
        assert len(set(places)) == len(places) == len(sent)
        records = [events[place] for place in places]
        assert [int(header(record, "ce_sequence")) for record in records] == list(range(1, len(sent) + 1))
        assert [header(record, "ce_type") for record in records] == [entry["event_type"] for entry in entries]


async def test_every_event_has_one_entry_and_every_entry_its_event(hospital: Hospital, story: Story):
    """Of all that was ever said in this hospital, not only of the story."""
    sent, entered = await eventually(lambda: _all_entered(hospital), within=20)
    assert len(sent) == len(set(sent))
    assert sorted(sent) == sorted(entered)


async def test_each_services_stream_is_contiguous(hospital: Hospital, story: Story):
    streams = defaultdict(list)
    for record in await _events(hospital):
        epoch, n = header(record, "ce_streamseq").split(".")
        streams[header(record, "ce_source"), epoch].append(int(n))
    assert {source for source, _ in streams} >= {
        "/hospital/beds",
        "/hospital/admissions",
        "/hospital/gateway",
    }
    for numbers in streams.values():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


async def _all_entered(hospital: Hospital) -> tuple[list[str], list[str]] | None:
    """The ids in Kafka and in the log, once there are as many of the one as of the other."""
    sent = [header(record, "ce_id") for record in await _events(hospital)]
    url = hospital.stack.database_url("AUDIT_DATABASE_URL")
    log = await asyncpg.connect(url)
    try:
        entered = [row["event_id"] for row in await log.fetch("SELECT event_id FROM entry")]
    finally:
        await log.close()
    return (sent, entered) if len(sent) == len(entered) else None


async def _events(hospital: Hospital) -> list[Message]:
    """Every record of every events topic, read by a client that is not ours."""
    bootstrap = hospital.stack.infrastructure.bootstrap
    return await everything_of(bootstrap, r"hospital\..+\.events\.v1")


def _place(record: Message) -> Place:
    topic, partition, offset = record.topic(), record.partition(), record.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return topic, partition, offset


def _source(entry: Json) -> Place:
    source = entry["source"]
    return source["topic"], source["partition"], source["offset"]
