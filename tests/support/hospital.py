"""A whole hospital on real PostgreSQL and Kafka, and the people and places that a flow needs in it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import UUID

from common.ids import new_id
from gateway.identity.first_admin import create_admin
from tests.support.person import Json, Person
from tools.stack.stack import Stack

PASSWORD = "a password for tests"

#: The tests sign up and sign in more people in a minute than a hospital does in a day, all from one address.
UNHURRIED = {
    "gateway": {
        "GATEWAY_SIGN_UPS_PER_MINUTE": "100000",
        "GATEWAY_SIGN_INS_REFUSED_PER_MINUTE": "100000",
        "GATEWAY_SESSION_REQUESTS_PER_SECOND": "100000",
        "GATEWAY_ADDRESS_REQUESTS_PER_SECOND": "100000",
    }
}


@dataclass(frozen=True)
class Department:
    """A department whose beds were ready when it was opened."""

    id: UUID
    room: UUID
    beds: tuple[UUID, ...]


class Hospital:
    """Builders of what a flow starts from. Everything goes through the gateway, as anybody's request does."""

    def __init__(self, stack: Stack, *, entrance: str | None = None) -> None:
        """`entrance` is where people come in: the gateway unless something stands in front of it."""
        self.stack = stack
        self._entrance = entrance or stack.gateway_url
        self._numbers = count(1)
        self._people: list[Person] = []
        self.admin: Person
        self.bed_manager: Person

    async def open(self, admin_name: str, admin_password: str) -> None:
        """The admin and one bed manager come to work."""
        self.admin = await self.sign_in(admin_name, admin_password)
        self.bed_manager = await self.staff("bed_manager")

    async def close(self) -> None:
        await asyncio.gather(*(person.leave() for person in self._people))

    def stranger(self) -> Person:
        """Somebody who has not signed in."""
        person = Person(self._entrance)
        self._people.append(person)
        return person

    async def newcomer(self) -> Person:
        """Signed up and signed in, without any rights."""
        name = f"user{next(self._numbers)}"
        signed_up = await self.stranger().do("/v1/users", {"username": name, "password": PASSWORD})
        return await self._signed_in(UUID(signed_up["id"]), name)

    async def staff(self, role: str, departments: Sequence[Department | UUID] | None = None) -> Person:
        """Signed up, granted this role in these departments (None: in all) and signed in."""
        name = f"{role}{next(self._numbers)}"
        signed_up = await self.stranger().do("/v1/users", {"username": name, "password": PASSWORD})
        await self.grant(UUID(signed_up["id"]), role, departments)
        return await self._signed_in(UUID(signed_up["id"]), name)

    async def grant(
        self, user_id: UUID, role: str, departments: Sequence[Department | UUID] | None = None
    ) -> None:
        """This and nothing else is what the user may do from now on."""
        ids = None if departments is None else [str(_id(department)) for department in departments]
        grants = {"grants": [{"role": role, "departments": ids}]}
        await self.admin.do(f"/v1/users/{user_id}/grants", grants, method="PUT")

    async def sign_in(self, name: str, password: str = PASSWORD) -> Person:
        opened = await self.stranger().do("/v1/sessions", {"username": name, "password": password})
        person = Person(self._entrance, UUID(opened["user"]["id"]), opened["token"])
        self._people.append(person)
        return person

    def another_device(self, person: Person) -> Person:
        """The same user, in the same session, with connections of its own."""
        other = Person(self._entrance, person.user_id, person.token)
        self._people.append(other)
        return other

    async def a_department(self, beds: int = 1) -> Department:
        """Open, with as many beds ready in one room."""
        number = next(self._numbers)
        opened = await self.admin.do("/v1/departments", {"code": f"D{number}", "name": f"Ward {number}"})
        room = await self.admin.do("/v1/rooms", {"department_id": opened["id"], "code": "R1"})
        added = [self.a_bed(UUID(opened["id"]), UUID(room["id"]), f"B{n}") for n in range(1, beds + 1)]
        return Department(UUID(opened["id"]), UUID(room["id"]), tuple(await asyncio.gather(*added)))

    async def a_bed(self, department: UUID, room: UUID, code: str) -> UUID:
        """A bed that is ready."""
        added = await self.admin.do(
            "/v1/beds", {"department_id": str(department), "room_id": str(room), "code": code}
        )
        await self.bed_manager.do(f"/v1/beds/{added['id']}/ready_override", {"reason_code": "new_bed"})
        return UUID(added["id"])

    async def a_patient(
        self, name: str = "Doe, Jane", date_of_birth: str = "1980-02-03", mrn: str | None = None
    ) -> UUID:
        identity = {"mrn": mrn or f"M-{new_id()}", "name": name, "date_of_birth": date_of_birth}
        return UUID((await self.bed_manager.do("/v1/patients", identity))["id"])

    async def an_admission(
        self, department: Department | UUID, patient: UUID | None = None, *, wait: int = 10
    ) -> Json:
        """Requested, and answered by beds unless `wait` is 0."""
        wanted = {
            "patient_id": str(patient or await self.a_patient()),
            "department_id": str(_id(department)),
        }
        return await self.bed_manager.do("/v1/admissions", wanted, wait=wait)

    async def _signed_in(self, user_id: UUID, name: str) -> Person:
        person = await self.sign_in(name)
        assert person.user_id == user_id
        return person


@asynccontextmanager
async def a_hospital(
    folder: Path,
    extra: Mapping[str, Mapping[str, str]] = UNHURRIED,
    *,
    durable: bool = False,
    keep_logs: Path | None = None,
) -> AsyncIterator[Hospital]:
    """Every program as an installation has it, with `extra` in their environments, until the tests are done.

    `durable` where PostgreSQL is killed. Its logs are copied to `keep_logs` in the end.
    """
    stack = Stack(folder, durable=durable, extra=extra)
    await asyncio.to_thread(stack.start)
    hospital = Hospital(stack)
    try:
        await create_admin(stack.database_url("GATEWAY_DATABASE_URL"), "admin", PASSWORD)
        await hospital.open("admin", PASSWORD)
        yield hospital
        await hospital.close()
    finally:
        await asyncio.to_thread(stack.stop)
        if keep_logs is not None:
            shutil.copytree(stack.logs, keep_logs)
        stack.infrastructure.postgres.remove()
        stack.infrastructure.kafka.remove()


def _id(department: Department | UUID) -> UUID:
    return department.id if isinstance(department, Department) else department
