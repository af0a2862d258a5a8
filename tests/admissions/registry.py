"""Patients, their admissions and what beds answers: what the tests of admissions start from."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
from fastapi import FastAPI

from admissions.domain.admission import Answer, PresenceState
from admissions.handlers.answers import hear_answer
from admissions.settings import AdmissionsSettings
from common.ids import new_id
from common.process import Process
from common.testing import client_for

Json = dict[str, Any]
_numbers = itertools.count(1)


@dataclass
class Registry:
    """The service at rest. `admin` may do everything in its database."""

    app: FastAPI
    settings: AdmissionsSettings
    process: Process
    admin: "asyncpg.Pool[Any]"
    bed_manager: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.bed_manager = self.staff("bed_manager")

    def staff(self, role: str, departments: Iterable[UUID] | None = None) -> httpx2.AsyncClient:
        """Somebody new of this role."""
        return client_for(self.app, role, departments)

    async def a_department(self, state: str = "open") -> UUID:
        """A department that this service has heard of."""
        department = new_id()
        await self.admin.execute("INSERT INTO known_department VALUES ($1, $2, 1)", department, state)
        return department

    async def a_patient(self, **identity: Any) -> UUID:
        known = {"mrn": f"M-{next(_numbers)}", "name": "Doe, Jane", "date_of_birth": "1980-02-03"}
        answer = await self.bed_manager.post("/v1/patients", json=known | identity)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def an_admission(self, department: UUID | None = None, patient: UUID | None = None) -> UUID:
        """Requested, and not answered yet."""
        wanted = {
            "patient_id": str(patient or await self.a_patient()),
            "department_id": str(department or await self.a_department()),
        }
        answer = await self.bed_manager.post("/v1/admissions", json=wanted)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def an_arrival(self, department: UUID | None = None) -> UUID:
        """An admission whose patient is in a bed."""
        admission = await self.an_admission(department)
        await self.hears(admission, PresenceState.IN_BED, version=2)
        return admission

    async def hears(
        self,
        admission: UUID,
        state: PresenceState,
        *,
        version: int,
        want_version: int = 1,
        refusal: str | None = None,
        held_until: datetime | None = None,
        since: datetime | None = None,
        department: UUID | None = None,
    ) -> bool:
        """What beds says of the placement, as the consumer hands it over, wake-up included."""
        bed = (
            new_id() if state in (PresenceState.HELD, PresenceState.IN_BED, PresenceState.ON_LEAVE) else None
        )
        answer = Answer(version, want_version, state, refusal, department, bed, held_until, since)
        async with self.process.database.write() as act:
            followed = await hear_answer(act, admission, answer)
            act.afterwards.append(lambda: self.process.waiters.wake(admission))
        return followed

    async def admission(self, admission: UUID) -> Json:
        return await self._shown(f"/v1/admissions/{admission}")

    async def asks(self, admission: UUID, what: str, **more: Any) -> httpx2.Response:
        """`cancel` or `no_show`, as a bed manager."""
        return await self.bed_manager.post(
            f"/v1/admissions/{admission}/{what}", json={"reason_code": "by_mistake"}, **more
        )

    async def told(self, key: UUID) -> list[str]:
        """What was told of this patient or admission: the past-tense words, oldest first."""
        rows = await self.admin.fetch("SELECT type FROM outbox WHERE key = $1 ORDER BY position", key)
        return [row["type"].split(".")[3] for row in rows]

    async def accesses(self, happened: str) -> list[Json]:
        """The access events of this kind, oldest first."""
        rows = await self.admin.fetch(
            "SELECT value FROM outbox WHERE type = $1 ORDER BY position",
            f"hospital.admissions.access.{happened}.v1",
        )
        return [orjson.loads(row["value"]) for row in rows]

    async def _shown(self, path: str) -> Json:
        answer = await self.bed_manager.get(path)
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
