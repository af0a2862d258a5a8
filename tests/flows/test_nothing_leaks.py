"""Who somebody is stays where it is kept: not in Kafka, not in logs, not in the log of the audit, not in a URL."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.support.hospital import Hospital
from tests.support.leaks import everything_written, found, logs_in, secrets_of
from tests.support.person import Person
from tests.support.waiting import eventually

SECRETS = {
    "surname": "Öztürk-Quibblewick",
    "given name": "Zéphyrine",
    "date of birth": "1931-07-29",
    "record number": "MRN-7Q3Z9XW4",
    "contact": "+49 30 5550 7788",
    "username": "marmaduke.featherstone",
    "password": "a Horse of quite another Staple",
}
NAME = f"{SECRETS['surname']}, {SECRETS['given name']}"
PERSON = {
    "mrn": SECRETS["record number"],
    "name": NAME,
    "date_of_birth": SECRETS["date of birth"],
    "contact": SECRETS["contact"],
}
TOPIC, TABLE, LOG = "planted.leak", "planted_leak", "planted.log"
#: The only place where a user's name has to be.
KEPT = {("table gateway.app_user", "username")}


@pytest_asyncio.fixture(scope="module")
async def lived(hospital: Hospital) -> Hospital:
    """A person came, and every request was made that carries an identity, also those that are refused."""
    who = await _a_manager_with_a_name(hospital)
    ward = await hospital.a_department(beds=1)
    shown = [await who.ask("POST", "/v1/patients", PERSON, key="double")]
    patient = shown[0].json()["id"]
    wrong = PERSON | {"date_of_birth": f"{SECRETS['date of birth']} or so", "nickname": NAME}
    refused = (PERSON, wrong, PERSON | {"sex": NAME}, {"name": NAME, "mrn": None})
    shown += [await who.ask("POST", "/v1/patients", body) for body in refused]
    shown.append(await who.ask("POST", "/v1/patients", PERSON | {"privacy": True}, key="double"))
    shown.append(await who.ask("PATCH", f"/v1/patients/{patient}", {"name": NAME.upper()}))
    shown.append(await who.ask("POST", "/v1/patients/search", {"mrn": PERSON["mrn"]}))
    shown.append(
        await who.ask("POST", "/v1/patients/search", {k: PERSON[k] for k in ("name", "date_of_birth")})
    )
    shown.append(await who.ask("POST", "/v1/patients/names", {"ids": [patient]}))
    shown.append(await who.ask("POST", "/v1/patients/names", {"ids": [NAME]}))
    admission = await who.do(
        "/v1/admissions", {"patient_id": patient, "department_id": str(ward.id)}, wait=10
    )
    shown.append(
        await who.ask("GET", "/v1/beds", query={"department_id": ward.id, "include": "patient_name"})
    )
    shown.append(await who.ask("GET", "/v1/beds", query={"limit": 1, "include": "patient_name"}))
    assert [answer.status_code for answer in shown] == [
        *(201, 409, 422, 422, 422, 422, 200, 200, 200, 200, 422, 200, 200)
    ]
    await _put_identity_where_it_does_not_belong(who, admission["id"])
    await who.do(f"/v1/placements/{admission['id']}/arrival")
    await who.do(f"/v1/placements/{admission['id']}/departure", {"reason_code": "discharged"})

    heads = [(str(answer.url), json.dumps(dict(answer.headers)).encode()) for answer in shown]
    assert found(SECRETS, heads + [(url, url.encode()) for url, _ in heads]) == set()
    refusals = [(answer.text[:200], answer.content) for answer in shown if not answer.is_success]
    assert found(SECRETS, refusals) == set()
    await _the_log_has(hospital, f"placement/{admission['id']}", "departed")
    return hospital


async def _a_manager_with_a_name(hospital: Hospital) -> Person:
    name, password = SECRETS["username"], SECRETS["password"]
    signing_up = {"username": name, "email": f"{name}@example.org", "password": password}
    stranger = hospital.stranger()
    user = await stranger.do("/v1/users", signing_up)
    again = await stranger.ask("POST", "/v1/users", signing_up)
    wrong = await stranger.ask("POST", "/v1/sessions", {"username": name, "password": f"{password}!"})
    assert (again.status_code, wrong.status_code) == (409, 401)
    await hospital.grant(user["id"], "bed_manager")
    return await hospital.sign_in(name, password)


async def _put_identity_where_it_does_not_belong(who: Person, admission: str) -> None:
    """Clients err. None of this may be kept."""
    for path in (
        f"/v1/patients/{NAME}",
        f"/v1/patients?name={NAME}",
        f"/v1/{NAME}",
        f"/v1/beds?state={NAME}",
        f"/v1/beds?after={base64.urlsafe_b64encode(NAME.encode()).decode()}",
        f"/v1/admissions?patient_id={PERSON['mrn']}",
    ):
        assert (await who.ask("GET", path)).status_code in (404, 405, 422), path
    reason = await who.ask("POST", f"/v1/admissions/{admission}/cancel", {"reason_code": NAME})
    assert reason.status_code == 422
    broken = await who.http.post(
        "/v1/patients", content=f'{{"name": "{NAME}",', headers={"content-type": "application/json"}
    )
    assert broken.status_code == 400
    as_text = await who.http.post(
        "/v1/patients", content=NAME, headers={"content-type": f"text/plain; of={PERSON['mrn']}"}
    )
    assert as_text.status_code == 415


async def _the_log_has(hospital: Hospital, entity: str, action: str) -> None:
    auditor = await hospital.staff("auditor")
    await eventually(lambda: auditor.list("/v1/audit/entries", entity=entity, action=action))


@pytest_asyncio.fixture
async def leaking(lived: Hospital) -> AsyncIterator[Hospital]:
    """A leak of each kind, in a copy of a log, a topic and a table of the test's own."""
    stack = lived.stack
    log = stack.logs / LOG
    log.write_bytes(
        (stack.logs / "gateway.log").read_bytes()
        + json.dumps({"event": "request", "of": NAME}).encode()
        + f"\nGET /v1/patients?born={SECRETS['date of birth']}\n".encode()
        + b"".join(_as_logged(secret) for secret in secrets_of(stack).values())
    )
    await asyncio.to_thread(_plant_in_kafka, stack.infrastructure.bootstrap)
    database = await asyncpg.connect(stack.infrastructure.postgres.url("beds"))
    await database.execute(f"CREATE TABLE {TABLE} (note text, content bytea)")
    row = f"called {SECRETS['contact']}", f"of {NAME.casefold()}".encode()
    await database.execute(f"INSERT INTO {TABLE} VALUES ($1, $2)", *row)
    yield lived
    await database.execute(f"DROP TABLE {TABLE}")
    await database.close()
    log.unlink()
    admin = AdminClient({"bootstrap.servers": stack.infrastructure.bootstrap})
    await asyncio.to_thread(admin.delete_topics([TOPIC])[TOPIC].result)


def _as_logged(secret: str | bytes) -> bytes:
    """A key as settings or a driver's parameters would show it."""
    return f"{secret}\n".encode() if isinstance(secret, str) else base64.b64encode(secret) + b"\n"


def _plant_in_kafka(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result()
    producer = Producer({"bootstrap.servers": bootstrap})
    coded = base64.b64encode(f"x{SECRETS['surname']}".encode())
    producer.produce(TOPIC, key=PERSON["mrn"], headers={"by": SECRETS["username"].encode()}, value=coded)
    assert producer.flush(10) == 0


async def test_the_search_finds_what_leaks(leaking: Hospital):
    hits = found(SECRETS, await everything_written(leaking.stack))
    planted = {f"log {LOG}", f"topic {TOPIC}", f"table beds.{TABLE}"}
    assert {hit for hit in hits if hit[0] in planted} == {
        *((f"log {LOG}", name) for name in ("surname", "given name", "date of birth")),
        *((f"topic {TOPIC}", name) for name in ("surname", "record number", "username")),
        *((f"table beds.{TABLE}", name) for name in ("surname", "given name", "contact")),
    }
    keys = secrets_of(leaking.stack)
    assert found(keys, logs_in(leaking.stack.logs)) == {(f"log {LOG}", name) for name in keys}


async def test_nobody_and_no_key_is_found_in_anything_that_is_written(lived: Hospital):
    written = await everything_written(lived.stack)
    places = {place for place, _ in written}
    assert places >= {
        f"log {name}.log" for name in ("beds", "admissions", "audit", "gateway", "postgres", "kafka")
    }
    for kind in ("outbox", "idempotency", "dead_letter", "inbox"):
        assert any(kind in place and place.startswith("table admissions.") for place in places), kind
    assert any(place.startswith("topic hospital.admissions.patient.") for place in places)
    assert any(len(content) > 10_000 for place, content in written if place.startswith("table audit.entry"))
    assert found(SECRETS, written) - KEPT == set()
    keys = secrets_of(lived.stack)
    assert len(keys) >= 15
    assert found(keys, written) == set()
