"""A database that comes back from before an erasure: the list on Kafka is replayed before an identity is shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import httpx2
import pytest

from admissions.main import create_app
from admissions.settings import AdmissionsSettings
from common.embedded import Kafka, Postgres
from common.testing import client_for, living, settings_for
from tests.admissions.registry import code_of
from tests.support.databases import a_copy
from tests.support.waiting import eventually

IDENTITY = {"mrn": "M-restored", "name": "Restored, Jane", "date_of_birth": "1980-02-03"}


@dataclass
class Installation:
    """Admissions with Kafka; between its lives the database can be kept and brought back."""

    postgres: Postgres
    name: str
    settings: AdmissionsSettings

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(self.settings)
        async with living(app), client_for(app, "bed_manager") as client:
            yield client

    async def erase(self, patient: UUID) -> None:
        app = create_app(self.settings)
        async with living(app), client_for(app, "admin") as admin:
            body = {"reason_code": "test", "patient_id": str(patient)}
            answer = await admin.post(f"/v1/patients/{patient}/erasure", json=body)
            assert answer.status_code == 200, answer.text
            await eventually(self._all_published)

    async def keep(self) -> None:
        """A backup, as a database of its own."""
        await self._on_the_server(f"CREATE DATABASE {self.name}_kept TEMPLATE {self.name}")

    async def restore(self) -> None:
        await self._on_the_server(
            f"DROP DATABASE {self.name} WITH (FORCE)",
            f"ALTER DATABASE {self.name}_kept RENAME TO {self.name}",
        )

    async def _all_published(self) -> bool:
        database = await asyncpg.connect(self.postgres.url(self.name))
        try:
            return not await database.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")
        finally:
            await database.close()

    async def _on_the_server(self, *statements: str) -> None:
        server = await asyncpg.connect(self.postgres.url())
        try:
            for statement in statements:
                await server.execute(statement)
        finally:
            await server.close()


@pytest.fixture
async def installation(
    postgres: Postgres, kafka: Kafka, admissions_migrated: str
) -> AsyncIterator[Installation]:
    async with a_copy(postgres, "admissions") as name:
        url = postgres.url(name, "admissions", "admissions")
        yield Installation(postgres, name, settings_for(AdmissionsSettings, url, kafka.bootstrap))


async def _ready(client: httpx2.AsyncClient) -> bool:
    return (await client.get("/health/ready")).status_code == 200


async def test_an_erased_identity_does_not_come_back_with_the_database(installation: Installation):
    async with installation.runs() as staff:
        await eventually(lambda: _ready(staff))
        patient = (await staff.post("/v1/patients", json=IDENTITY)).json()["id"]
    await installation.keep()
    await installation.erase(patient)
    await installation.restore()

    answers = set()

    async def shown(staff: httpx2.AsyncClient) -> bool:
        answers.add(code_of(await staff.get(f"/v1/patients/{patient}")))
        return await _ready(staff)

    async with installation.runs() as staff:
        await eventually(lambda: shown(staff))
        await shown(staff)
        found = await staff.post("/v1/patients/search", json={"mrn": IDENTITY["mrn"]})
    assert answers == {(503, "not_yet_known"), (410, "patient_erased")}
    assert found.json()["items"] == []
