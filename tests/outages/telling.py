"""What topics and log tell of aggregates: every version, in order, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from confluent_kafka import Message

from beds.events import BED
from common.topics import Topic
from tests.outages.house import House
from tests.support.person import Json
from tests.support.reading import everything_in, header
from tests.support.waiting import eventually


async def versions_of(house: House, topic: Topic, ids: Sequence[object]) -> dict[str, int]:
    """The versions that the owner shows now. The admin may read them all."""
    shown = [await house.hospital.bed_manager.read(f"/v1/{topic.aggregate}s/{one}") for one in ids]
    return {str(one): found["version"] for one, found in zip(ids, shown, strict=True)}


async def beds_as_worked(house: House, done: Mapping[UUID, int]) -> dict[str, int]:
    """Every acknowledged command is one version of its bed, and there is no other: nothing lost, nothing done twice."""
    versions = await versions_of(house, BED, list(done))
    assert versions == {
        str(bed): times + 2 for bed, times in done.items()
    }  # after it was added and made ready
    return versions


async def told_once_in_order(house: House, topic: Topic, versions: Mapping[str, int]) -> None:
    """Of each of these aggregates, up to its version."""
    await house.is_published(topic.service)
    _in_order(await everything_in(house.bootstrap, topic.events), versions)
    newest = {
        key: told[-1][0] for key, told in by_key(await everything_in(house.bootstrap, topic.state)).items()
    }
    assert {key: newest[key] for key in versions} == versions
    await _logged(house, topic, versions)


def by_key(records: Sequence[Message]) -> dict[str, list[tuple[int, str]]]:
    """Version and event id, in the order of the topic."""
    told: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for record in records:
        key = record.key()
        assert isinstance(key, bytes)
        told[key.decode()].append((int(header(record, "ce_sequence")), header(record, "ce_id")))
    return told


def _in_order(records: Sequence[Message], versions: Mapping[str, int]) -> None:
    """As they were first told; what is told again after a failure is the same event."""
    told = by_key(records)
    for key, version in versions.items():
        distinct = list(dict.fromkeys(told[key]))
        assert [number for number, _ in distinct] == list(range(1, version + 1)), key


async def _logged(house: House, topic: Topic, versions: Mapping[str, int]) -> None:
    auditor = await house.hospital.staff("auditor")
    for key, version in versions.items():
        entity = f"{topic.aggregate}/{key}"

        async def complete(entity: str = entity, version: int = version) -> list[Json] | None:
            entries = await auditor.list("/v1/audit/entries", entity=entity)
            return entries if len(entries) >= version else None

        entries = await eventually(complete, within=60, every=0.5)
        oldest_first = sorted(entries, key=lambda entry: entry["index"])
        assert [entry["metadata"]["version"] for entry in oldest_first] == list(range(1, version + 1)), key
