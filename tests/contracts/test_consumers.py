"""Every consumer takes every example of the types that it consumes, and does with it what it is there for."""

import re
from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest

from admissions import records
from admissions.consumers import effects as admissions_effects
from admissions.domain.admission import Admission
from admissions.domain.patient import Patient
from admissions.main import BLUEPRINT as ADMISSIONS
from audit.copies import copies
from audit.leaf import encode
from audit.receipts import receive
from audit.summaries import summary
from beds.consumers import effects as beds_effects
from beds.main import BLUEPRINT as BEDS
from common.clock import utc_now
from tests.admissions.registry import Registry
from tests.beds.ward import Ward
from tests.contracts.delivering import a_record, deliver, payload, types_in
from tools.contracts.examples import examples
from tools.contracts.published import event_types

#: What an admission was just before, and what it is after the placement says so.
FOLLOWS = {
    "queued": ("bed_assigned", "requested"),
    "held": ("requested", "bed_assigned"),
    "in_bed": ("bed_assigned", "admitted"),
    "on_leave": ("admitted", "on_leave"),
    "left": ("admitted", "discharged"),
    "withdrawn": ("cancelling", "cancelled"),
}


def of_consumer(blueprint: Any, aggregate: str) -> list[Any]:
    """The topics and types of one aggregate."""
    topics = [topic for topic in blueprint.consumes if f".{aggregate}." in topic.state]
    return [pytest.param(*pair, id=pair[1]) for pair in types_in(topics)]


def test_nothing_else_is_consumed(registry: Registry):
    assert set(beds_effects(registry.process)) == {"hospital.admissions.admission.state.v1"}
    assert set(admissions_effects(registry.process)) == {
        "hospital.beds.placement.state.v1",
        "hospital.beds.department.state.v1",
        "hospital.admissions.patient.state.v1",
    }


@pytest.mark.parametrize(("channel", "name"), of_consumer(BEDS, "admission"))
async def test_beds_answers_an_admission(ward: Ward, registry: Registry, channel: str, name: str):
    await deliver(ward.database, beds_effects(registry.process), a_record(channel, name))
    said = payload(name)
    placement: Any = await ward.admin.fetchrow(
        "SELECT * FROM placement WHERE admission_id = $1", UUID(said["id"])
    )
    assert placement["want_version"] == said["want_version"]
    assert placement["state"] == ("queued" if said["want"] else "withdrawn")


@pytest.mark.parametrize(("channel", "name"), of_consumer(ADMISSIONS, "placement"))
async def test_admissions_follows_a_placement(registry: Registry, channel: str, name: str):
    said = payload(name)
    before, after = FOLLOWS[said["state"]]
    await _an_admission(registry, before)
    await deliver(registry.process.database, admissions_effects(registry.process), a_record(channel, name))
    heard: Any = await registry.admin.fetchrow("SELECT * FROM heard_placement")
    for column in ("version", "want_version", "state", "refusal"):
        assert heard[column] == said[column]
    assert heard["admission_id"] == UUID(said["admission_id"])
    assert await registry.admin.fetchval("SELECT state FROM admission") == after


@pytest.mark.parametrize(("channel", "name"), of_consumer(ADMISSIONS, "department"))
async def test_admissions_knows_a_department(registry: Registry, channel: str, name: str):
    said = payload(name)
    await deliver(registry.process.database, admissions_effects(registry.process), a_record(channel, name))
    known: Any = await registry.admin.fetchrow("SELECT * FROM known_department")
    assert dict(known) == {"id": UUID(said["id"]), "state": said["state"], "version": said["version"]}


@pytest.mark.parametrize(("channel", "name"), of_consumer(ADMISSIONS, "patient"))
async def test_admissions_erases_whoever_is_on_the_list(registry: Registry, channel: str, name: str):
    await _a_patient(registry)
    await deliver(registry.process.database, admissions_effects(registry.process), a_record(channel, name))
    erased_at = await registry.admin.fetchval("SELECT erased_at FROM patient")
    assert erased_at.isoformat() == payload(name)["erased_at"].replace("Z", "+00:00")


@pytest.mark.parametrize("name", [kind.name for kind in event_types() if kind.happening != "repeated"])
def test_the_log_enters_an_event_for_what_it_is(name: str):
    channel = examples()[name].topic.events
    record = a_record(channel, name)
    receipt = receive(record)
    assert (receipt.kind, receipt.event is not None) == (None, True)
    leaf, kind = encode(record, receipt.content, receipt.kind, utc_now())
    assert (bool(leaf), kind) == (True, None)

    said = payload(name)
    columns, patients = copies(record, receipt.event, utc_now())
    _, _, aggregate, action, _ = name.split(".")
    assert (columns.entity_type, columns.action, columns.event_type) == (aggregate, action, name)
    assert columns.outcome == said.get("outcome", "success")
    named = {
        said.get("patient_id"),
        said["id"] if aggregate == "patient" else None,
        *said.get("subjects", ()),
    }
    assert {str(patient) for patient in patients} == named - {None}
    assert re.fullmatch(r"[A-Z][^{}]+\.", summary(name, None))


async def _a_patient(registry: Registry) -> None:
    """The patient of the examples, as registered."""
    patient = _told(Patient, "hospital.admissions.patient.registered.v1")
    async with registry.process.database.write() as act:
        await records.patients.add(act, patient)


async def _an_admission(registry: Registry, state: str) -> None:
    """The admission of the examples, when it became this."""
    await _a_patient(registry)
    async with registry.process.database.write() as act:
        await records.admissions.add(act, _told(Admission, f"hospital.admissions.admission.{state}.v1"))


def _told(kind: Any, name: str) -> Any:
    return kind(**{field.name: examples()[name].payload[field.name] for field in fields(kind)})
