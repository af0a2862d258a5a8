"""What others find on Kafka is what `contracts/` promises: read with librdkafka, judged by CloudEvents' own library.

It reads everything that was ever said in this hospital, whichever flows have gone before, and tells a story of its own.
"""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest_asyncio
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Message
from jsonschema import Draft7Validator, FormatChecker

from tests.support.hospital import Hospital
from tests.support.reading import everything_of
from tests.support.waiting import eventually
from tools.contracts.headers import HEADERS
from tools.contracts.published import event_types

CONTRACTS = Path(__file__).parents[2] / "contracts"
#: What the story tells at least, so that no test passes by reading nothing.
TOLD = {
    "beds.department.opened",
    "beds.room.added",
    *(f"beds.bed.{word}" for word in ("added", "readied", "held", "released", "occupied", "vacated")),
    *(f"beds.placement.{word}" for word in ("queued", "held", "arrived", "moved", "departed", "withdrawn")),
    *(f"beds.cleaning_job.{word}" for word in ("requested", "started", "completed")),
    "admissions.patient.registered",
    *(f"admissions.admission.{word}" for word in ("requested", "bed_assigned", "admitted", "cancelled")),
    "admissions.admission.discharged",
    "admissions.access.person_read",
    "gateway.user.signed_up",
    "gateway.user.granted",
    "gateway.access.signed_in",
    "audit.access.search",
}


class Read(NamedTuple):
    """One record, as anybody's client hands it over."""

    topic: str
    partition: int
    key: str
    headers: dict[str, str]
    value: bytes

    @property
    def payload(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.value)
        return content

    @property
    def type(self) -> str:
        return self.headers["ce_type"]

    @property
    def is_state(self) -> bool:
        return ".state." in self.topic


@pytest_asyncio.fixture(scope="module")
async def records(hospital: Hospital) -> list[Read]:
    """Every record of every topic, each partition in its order, after the story was told and nobody speaks."""
    await _tell_a_story(hospital)
    types = {f"hospital.{word}.v1" for word in TOLD}
    await eventually(lambda: _has_all(hospital, types), within=30)
    found: list[Read] = await eventually(lambda: _at_rest(hospital), within=30)
    return found


async def _tell_a_story(hospital: Hospital) -> None:
    ward = await hospital.a_department(beds=2)
    nurse = await hospital.staff("charge_nurse", [ward])
    patient = await hospital.a_patient()
    await nurse.read(f"/v1/patients/{patient}")
    admission = await hospital.an_admission(ward, patient)
    await nurse.do(f"/v1/placements/{admission['id']}/arrival")
    other = next(bed for bed in ward.beds if str(bed) != admission["placement"]["bed_id"])
    await nurse.do(f"/v1/placements/{admission['id']}/moves", {"bed_id": str(other)})
    waiting = await hospital.an_admission(ward)
    assert waiting["placement"]["state"] == "queued"
    await nurse.do(f"/v1/placements/{admission['id']}/departure", {"reason_code": "discharged"})
    cleaner = await hospital.staff("housekeeping")
    (job,) = await cleaner.list("/v1/cleaning_jobs", bed_id=str(other), state="requested")
    await cleaner.do(f"/v1/cleaning_jobs/{job['id']}/start")
    await cleaner.do(f"/v1/cleaning_jobs/{job['id']}/complete")
    await eventually(lambda: _holds(hospital, waiting["id"]))
    await nurse.do(f"/v1/admissions/{waiting['id']}/cancel", {"reason_code": "by_mistake"}, wait=10)
    await (await hospital.staff("auditor")).list("/v1/audit/entries", patient_id=str(patient))


async def _holds(hospital: Hospital, admission: str) -> bool:
    return bool((await hospital.bed_manager.read(f"/v1/placements/{admission}"))["state"] == "held")


async def test_every_record_fits_the_committed_schema_of_its_type(records: list[Read]):
    schemas = {path.stem: json.loads(path.read_text()) for path in (CONTRACTS / "events").glob("*.json")}
    judges = {
        name: Draft7Validator(schema, format_checker=FormatChecker()) for name, schema in schemas.items()
    }
    for record in records:
        judges[record.type].validate(record.payload)
        assert record.topic in schemas[record.type]["x-topics"]
        assert record.payload.keys() == schemas[record.type]["properties"].keys()


async def test_every_record_is_a_cloudevent_with_the_promised_headers(records: list[Read]):
    judge = Draft7Validator(HEADERS, format_checker=FormatChecker())
    for record in records:
        judge.validate(record.headers)
        assert record.headers.keys() <= HEADERS["properties"].keys()
        raw = {name: text.encode() for name, text in record.headers.items()}
        event = from_binary(KafkaMessage(raw, record.key.encode(), record.value), JSONFormat())
        assert event.get_specversion() == "1.0"
        assert event.get_source() == "/" + "/".join(record.topic.split(".")[:2])
        assert event.get_dataschema() == f"/contracts/events/{record.type}.json"
        assert (CONTRACTS.parent / str(event.get_dataschema()).lstrip("/")).exists()
        assert UUID(event.get_id()).version == 7


async def test_the_key_is_the_aggregate(records: list[Read]):
    for record in records:
        aggregate = record.topic.split(".")[2]
        assert record.key == record.headers["ce_partitionkey"]
        assert record.headers["ce_subject"] == f"{aggregate}/{record.key}"
        if aggregate != "access":
            assert record.payload.get("admission_id" if aggregate == "placement" else "id") == record.key
            assert record.payload["version"] == int(record.headers["ce_sequence"])


async def test_the_versions_of_an_aggregate_are_all_there_and_in_order(records: list[Read]):
    versions = defaultdict(list)
    for record in records:
        if not record.is_state:
            versions[record.topic, record.key].append(int(record.headers["ce_sequence"]))
    for aggregate, seen in versions.items():
        assert seen == list(range(1, len(seen) + 1)), aggregate


async def test_an_aggregate_stays_in_one_partition(records: list[Read]):
    partitions = defaultdict(set)
    for record in records:
        partitions[record.topic, record.key].add(record.partition)
    assert all(len(found) == 1 for found in partitions.values())


async def test_the_numbers_of_a_service_are_contiguous(records: list[Read]):
    numbers = defaultdict(list)
    for record in records:
        if not record.is_state:
            epoch, number = record.headers["ce_streamseq"].split(".")
            numbers[record.headers["ce_source"], epoch].append(int(number))
    assert {source for source, _ in numbers} == {
        f"/hospital/{service}" for service in ("beds", "admissions", "gateway", "audit")
    }
    for stream, seen in numbers.items():
        assert sorted(seen) == list(range(1, len(seen) + 1)), stream


async def test_the_state_topic_ends_with_the_latest_event_of_each_aggregate(records: list[Read]):
    last_event, last_state = {}, {}
    with_state = {kind.topic.events for kind in event_types() if len(kind.channels) == 2}
    carried = {(kind.topic.events, kind.name) for kind in event_types() if len(kind.channels) == 2}
    for record in records:
        place = record.topic.replace(".state.", ".events."), record.key
        if record.is_state:
            last_state[place] = record
        elif record.topic in with_state and (record.topic, record.type) in carried:
            last_event[place] = record
    assert last_state.keys() == last_event.keys()
    for place, event in last_event.items():
        state = last_state[place]
        further = {"changed"} if state.type.endswith(".repeated.v1") else set()
        assert {name: state.payload[name] for name in state.payload.keys() - further} == {
            name: event.payload[name] for name in state.payload.keys() - further
        }


async def test_the_gateway_serves_the_committed_openapi(hospital: Hospital):
    served = await hospital.stranger().read("/v1/openapi.json")
    assert served == json.loads((CONTRACTS / "openapi.json").read_text())


async def _has_all(hospital: Hospital, types: set[str]) -> bool:
    return types <= {record.type for record in await _everything(hospital)}


async def _at_rest(hospital: Hospital) -> list[Read] | None:
    """All records, unless more have come while they were read."""
    before, after = await _everything(hospital), await _everything(hospital)
    return after if len(before) == len(after) else None


async def _everything(hospital: Hospital) -> list[Read]:
    bootstrap = hospital.stack.infrastructure.bootstrap
    found = await everything_of(bootstrap, r"hospital\..+\.(events|state)\.v1")
    return [_read(record) for record in found]


def _read(record: Message) -> Read:
    headers: Any = record.headers()
    assert len(headers) == len(dict(headers))
    topic, partition, key, value = record.topic(), record.partition(), record.key(), record.value()
    assert topic is not None
    assert partition is not None
    assert key is not None
    assert value is not None
    text = key.decode() if isinstance(key, bytes) else key
    content = value if isinstance(value, bytes) else value.encode()
    return Read(topic, partition, text, {name: raw.decode() for name, raw in headers}, content)
