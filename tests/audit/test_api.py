"""Reading the log: who may, what is found, and that reading it is told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest
from joserfc.jwk import OKPKey
from pydantic import SecretStr
from tink import aead, json_proto_keyset_format, new_keyset_handle, secret_key_access

from audit.events import ACCESS
from audit.leaf import leaf_hash
from audit.main import app
from audit.schemas import Entry, metadata
from audit.settings import AuditSettings
from common.access import Looks
from common.auth import Caller, Grant, Minter
from common.process import Process
from tests.audit.log import Log, Ward, an_event
from tests.support.waiting import eventually

ROLES = (
    *("auditor", "admin", "nurse", "charge_nurse", "physician", "bed_manager", "unit_manager"),
    *("housekeeping", "staffing_coordinator", "integration"),
)
KEY = OKPKey.generate_key("Ed25519")
PATIENT, ACTOR = uuid4(), f"user/{uuid4()}"


def settings_for(log: Log) -> AuditSettings:
    aead.register()
    keyset = json_proto_keyset_format.serialize(
        new_keyset_handle(aead.aead_key_templates.AES256_GCM), secret_key_access.TOKEN
    )
    return AuditSettings(
        port=0,
        database_url=SecretStr(log.url),
        master_keyset=SecretStr(keyset),
        index_key=b"0" * 32,
        KAFKA_BOOTSTRAP_SERVERS=log.bootstrap,
        KAFKA_PARTITIONS=1,
        KAFKA_REPLICATION=1,
        WARDLINE_TOKEN_PUBLIC_KEY=json.dumps(KEY.as_dict(private=False)),
    )


class Audit:
    """The service with its ingester, asked as somebody of a role; each role has one session."""

    def __init__(self, log: Log, http: httpx2.AsyncClient, process: Process) -> None:
        self.log, self.http, self.process = log, http, process
        self._minter = Minter(json.dumps(KEY.as_dict(private=True)))
        self._callers = {role: Caller(uuid4(), uuid4(), (Grant(role),)) for role in ROLES}

    def token(self, role: str) -> str:
        return self._minter.mint(self._callers[role], "audit", "test")

    async def get(self, path: str, role: str = "auditor", **query: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self.token(role)}"}
        params = {name.rstrip("_"): str(value) for name, value in query.items()} or None
        return await self.http.get(path, headers=headers, params=params)

    async def found(self, **query: Any) -> list[int]:
        """The indexes of the ward's entries under these filters; entries of reading itself are left out."""
        answer = await self.get("/v1/audit/entries", **query)
        assert answer.status_code == 200, answer.text
        return [entry["index"] for entry in answer.json()["items"] if ".audit." not in entry["event_type"]]

    async def told(self, happened: str) -> list[dict[str, Any]]:
        """The access events of the service so far."""
        rows = await self.log.admin.fetch(
            "SELECT value FROM outbox WHERE type LIKE '%.' || $1 || '.v1'", happened
        )
        return [orjson.loads(row["value"]) for row in rows]


@asynccontextmanager
async def serving(log: Log) -> AsyncIterator[Audit]:
    service = app(settings_for(log))
    async with service.router.lifespan_context(service):
        transport = httpx2.ASGITransport(app=service)
        async with httpx2.AsyncClient(transport=transport, base_url="http://audit") as http:
            yield Audit(log, http, service.state.process)


@pytest.fixture
async def audit(log: Log, ward: Ward, accesses: Ward) -> AsyncIterator[Audit]:
    """The service over four entries: 0 and 3 concern a patient, 1 is a bed's, 2 was refused."""
    async with serving(log) as audit:
        await ward.send(
            an_event(actor=ACTOR, patient_id=str(PATIENT), correlation_id="request-1"),
            an_event(subject="bed/B1", kind="hospital.beds.bed.vacated.v1"),
        )
        await log.reaches(2)
        await accesses.send(
            an_event(kind="hospital.beds.access.refused.v1", outcome="refused", subject="access/x"),
            an_event(kind="hospital.beds.access.names_read.v1", subjects=[str(PATIENT), str(uuid4())]),
        )
        await log.reaches(4)
        yield audit
    await Ward(ward.bootstrap, ACCESS.events, ward.producer).delete()


async def test_an_entry_tells_everything(audit: Audit, ward: Ward):
    entry = (await audit.get("/v1/audit/entries/0")).json()
    assert entry["summary"].endswith(" was occupied.")
    assert entry["metadata"]["patient_id"] == str(PATIENT) == entry["patient_id"]
    assert entry["source"] == {"topic": ward.topic, "partition": 0, "offset": 0}
    assert (entry["index"], entry["actor"], entry["action"]) == (0, ACTOR, "occupied")
    assert (entry["event_type"], entry["outcome"]) == (
        ward.topic.replace("events", "occupied"),
        "success",
    )
    assert entry["recorded_at"].endswith("Z")
    assert Entry.model_fields.keys() == entry.keys()
    stored = (await audit.log.entries())[0]
    assert entry["leaf_hash"] == leaf_hash(stored["leaf"]).hex()
    assert (await audit.get("/v1/audit/entries/999999")).status_code == 404
    assert (await audit.get(f"/v1/audit/entries/{2**63}")).status_code == 422


async def test_filters(audit: Audit):
    assert await audit.found() == [3, 2, 1, 0]
    assert await audit.found(actor=ACTOR) == [0]
    assert await audit.found(action="vacated") == [1]
    assert await audit.found(entity="bed") == [3, 1, 0]
    assert await audit.found(entity="bed/B1") == [1]
    assert await audit.found(patient_id=PATIENT) == [3, 0]
    assert await audit.found(outcome="refused") == [2]
    assert await audit.found(correlation_id="request-1", entity="bed") == [0]
    assert await audit.found(from_="2020-01-01T00:00:00Z", actor=ACTOR) == [0]
    assert await audit.found(to="2020-01-01T00:00:00Z") == []


async def test_pages_follow_each_other(audit: Audit):
    first = await audit.get("/v1/audit/entries", limit=2, entity="bed")
    assert [entry["index"] for entry in first.json()["items"]] == [3, 1]
    link = first.headers["link"].partition(">")[0].removeprefix("<")
    assert 'rel="next"' in first.headers["link"]
    rest = await audit.get(link)
    assert [entry["index"] for entry in rest.json()["items"]] == [0]
    assert "link" not in rest.headers
    oldest = await audit.get("/v1/audit/entries", order="index", limit=1)
    assert oldest.json()["items"][0]["index"] == 0


@pytest.mark.parametrize(
    "query",
    [
        {"after": "%%%"},
        {"after": "WyJ4IiwieSJd"},  # ["x","y"]
        {"after": "WyJ4IiwxXQ"},  # ["x",1]
        {"after": "WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LDFd"},  # [2^64 - 1,1]
        {"patient_id": "no uuid"},
        {"from_": "2026-01-01T00:00:00"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "9999-12-31T23:59:59-12:00"},
        {"actor": "a\0b"},
        {"limit": 201},
        {"order": "actor"},
    ],
)
async def test_what_makes_no_sense_is_refused(audit: Audit, query: dict[str, Any]):
    answer = await audit.get("/v1/audit/entries", **query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("parameter", ["", "; charset=utf-8"])
def test_the_metadata_of_a_structured_event_is_its_payload(parameter: str):
    leaf = {
        "headers": [["content-type", f"application/cloudevents+json{parameter}"]],
        "value": '{"id": "1", "data": {"state": "dirty"}}',
    }
    assert metadata(orjson.dumps(leaf)) == {"state": "dirty"}


async def test_auditors_and_admins_read_and_nobody_else(audit: Audit):
    for role in ROLES:
        for path in ("/v1/audit/entries", "/v1/audit/entries/0"):
            answer = await audit.get(path, role)
            assert answer.status_code == (200 if role in {"auditor", "admin"} else 403), (role, path)
    assert len(await audit.told("refused")) == 2 * (len(ROLES) - 2)
    assert (await audit.http.get("/v1/audit/entries")).status_code == 401


async def test_nobody_writes(audit: Audit):
    headers = {"authorization": f"Bearer {audit.token('admin')}", "content-type": "application/json"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/v1/audit/entries", "/v1/audit/entries/0"):
            answer = await audit.http.request(method, path, headers=headers, content=b"{}")
            assert answer.status_code == 405


async def test_reading_is_told_once_per_session_filters_and_minute(audit: Audit):
    now = [600.0]
    audit.process.looks = Looks(clock=lambda: now[0])
    for _ in range(3):
        await audit.get("/v1/audit/entries", patient_id=PATIENT)
        await audit.get("/v1/audit/entries/1")
    (search,) = await audit.told("search")
    assert (search["act"], search["subjects"]) == ("audit_entries", [str(PATIENT)])
    (read,) = await audit.told("entry_read")
    assert read["act"] == "audit_entry/1"
    await audit.get("/v1/audit/entries", patient_id=PATIENT, outcome="success")
    await audit.get("/v1/audit/entries", "admin", patient_id=PATIENT)
    assert len(await audit.told("search")) == 3
    now[0] += 60
    await audit.get("/v1/audit/entries", patient_id=PATIENT)
    assert len(await audit.told("search")) == 4


async def test_reading_becomes_an_entry_that_names_the_patient(audit: Audit):
    await audit.get("/v1/audit/entries", patient_id=PATIENT)

    async def entered() -> bool:
        answer = await audit.get("/v1/audit/entries", patient_id=PATIENT)
        newest: str = answer.json()["items"][0]["event_type"]
        return newest == "hospital.audit.access.search.v1"

    await eventually(entered)


async def test_details_tell_size_and_lag(audit: Audit):
    async def settled() -> bool:
        details = (await audit.http.get("/health/details")).json()
        size, active, lag = details["log_size"], details["log_active"], details["log_lag"]
        return (size, active, sum(lag.values())) == (4, True, 0)

    await eventually(settled)
    assert (await audit.http.get("/health/ready")).status_code == 200
