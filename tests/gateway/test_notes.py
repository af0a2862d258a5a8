"""Notes: anybody's words, kept where they can be destroyed, and read by few."""

import asyncio

import pytest

from common.ids import new_id
from gateway.consumers import ERASED_PATIENT, effects
from tests.contracts.delivering import a_record, deliver, payload, types_in
from tests.gateway.conftest import OpenHouse
from tests.gateway.house import House, Services, Visitor

WORDS = "Jane Doe fell at 14:05.\nHer daughter was told."


@pytest.fixture
def house(house: House) -> House:
    """It has read the list of the erased, as it has in a moment where there is a Kafka."""
    house.app.state.process.consuming.caught_up.set()
    return house


async def a_note(visitor: Visitor, **other: object) -> dict[str, str]:
    body = {"entity_type": "patient", "entity_id": str(new_id()), "text": WORDS} | other
    answer = await visitor.client.post("/v1/audit/notes", json=body)
    assert answer.status_code == 201, answer.text
    note: dict[str, str] = answer.json()
    assert answer.headers["location"] == f"/v1/audit/notes/{note['id']}"
    return note


async def test_the_words_stay_here_and_the_log_gets_the_id(house: House):
    visitor = await house.newcomer()
    note = await a_note(visitor)
    assert note["recorded_by"] == visitor.id
    ((kind, payload),) = await house.events_of(note["id"])
    assert kind == "hospital.gateway.note.recorded.v1"
    assert payload["entity_id"] == payload["patient_id"] == note["entity_id"]
    assert "fell" not in str(payload) + str(note)
    row = await house.database.fetchrow("SELECT * FROM note WHERE id = $1", note["id"])
    assert row is not None
    assert b"fell" not in row["sealed"]
    assert house.services.asked == []


async def test_who_reads_a_note_is_told(house: House):
    visitor, admin = await house.newcomer(), await house.admin()
    note = await a_note(visitor)
    path = f"/v1/audit/notes/{note['id']}"
    assert (await visitor.client.get(path)).status_code == 403
    assert (await house.client().get(path)).status_code == 401
    read = await admin.client.get(path)
    assert (read.status_code, read.json()) == (200, note | {"text": WORDS})
    look = (await house.looks("note_read"))[-1]
    assert (look["session_id"], look["subjects"]) == (admin.session_id, [note["entity_id"], note["id"]])


async def test_notes_about_one_thing_at_once_share_its_key(house: House):
    visitor, admin, entity = await house.newcomer(), await house.admin(), str(new_id())
    notes = await asyncio.gather(*(a_note(visitor, entity_id=entity, text=f"no {n}") for n in range(8)))
    paths = [f"/v1/audit/notes/{note['id']}" for note in notes]
    read = [(await admin.client.get(path)).json()["text"] for path in paths]
    assert read == [f"no {n}" for n in range(8)]


async def test_no_words_are_shown_before_the_list_of_the_erased_was_read(
    opening: OpenHouse, fresh_database: str, services: Services
):
    async with opening(fresh_database, services) as house:
        visitor, admin = await house.newcomer(), await house.admin()
        note = await a_note(visitor)
        ready = await house.client().get("/health/ready")
        assert (ready.status_code, ready.json()["state"]) == (200, "degraded")
        refused = await admin.client.get(f"/v1/audit/notes/{note['id']}")
        assert (refused.status_code, refused.json()["code"]) == (503, "not_yet_known")


@pytest.mark.parametrize("name", [kind for _, kind in types_in([ERASED_PATIENT])])
async def test_the_words_go_with_the_identity_of_the_patient(house: House, name: str):
    visitor, admin, erased = await house.newcomer(), await house.admin(), payload(name)
    process = house.app.state.process
    await house.database.execute("DELETE FROM note_key")
    about = [("patient", erased["id"]), *(("placement", of) for of in erased["erased_with"])]
    assert len(about) > 1
    notes = [await a_note(visitor, entity_type=kind, entity_id=of) for kind, of in about]
    other = await a_note(visitor)
    await deliver(process.database, effects(process), a_record(ERASED_PATIENT.state, name))

    async def status(note: dict[str, str]) -> int:
        return (await admin.client.get(f"/v1/audit/notes/{note['id']}")).status_code

    assert {await status(note) for note in notes} == {404}
    assert await status(other) == 200
    one_more = {"entity_type": "patient", "entity_id": erased["id"], "text": "One more."}
    refused = await visitor.client.post("/v1/audit/notes", json=one_more)
    assert (refused.status_code, refused.json()["code"]) == (410, "erased")


async def test_a_repeated_note_is_one(house: House):
    visitor = await house.newcomer()
    body = {"entity_type": "bed", "entity_id": str(new_id()), "text": "Squeaks."}
    click = {"idempotency-key": "squeak"}
    first, again = [await visitor.client.post("/v1/audit/notes", json=body, headers=click) for _ in range(2)]
    assert (first.status_code, first.json()) == (again.status_code, again.json())


@pytest.mark.parametrize(
    "wrong", [{"entity_type": "Doe, Jane"}, {"entity_id": "Doe, Jane"}, {"text": " "}, {"text": "a\0b"}]
)
async def test_what_makes_no_sense_is_refused_without_an_echo(house: House, wrong: dict[str, str]):
    visitor = await house.newcomer()
    body = {"entity_type": "bed", "entity_id": str(new_id()), "text": WORDS} | wrong
    answer = await visitor.client.post("/v1/audit/notes", json=body)
    assert answer.status_code == 422
    assert "Doe" not in answer.text
