"""What is measured: departments with beds and patients, and who asks."""

import asyncio
from typing import Any
from uuid import uuid4

import aiohttp

from tools.bench.load import Request

_PASSWORD = "a long password for the bench"  # noqa: S105 - of users that live as long as the run
_SEXES = ("any", "first_occupant", "male", "female")


class Hospital:
    """A signed-in bed manager with departments of ready beds and patients to admit."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url
        self._token = ""
        self._tokens: list[str] = []

    async def call(
        self, method: str, path: str, body: Any = None, token: str | None = None, **more: str
    ) -> Any:
        """One request that has to succeed; asks again while a service has not heard of something yet."""
        bearer = self._token if token is None else token
        headers = more | ({"authorization": f"Bearer {bearer}"} if bearer else {})
        while True:
            async with self._session.request(method, self._url + path, json=body, headers=headers) as answer:
                if answer.status == 503:
                    await asyncio.sleep(0.2)
                    continue
                if answer.status >= 400:
                    raise RuntimeError(f"{method} {path}: {answer.status} {await answer.text()}")
                return None if answer.status == 204 else await answer.json()

    async def sign_in(self, admin_password: str, clients: int) -> None:
        """A session for each client, since the gateway limits the rate of a session."""
        admin = {"username": "admin", "password": admin_password}
        self._token = (await self.call("POST", "/v1/sessions", admin, ""))["token"]
        name = f"bench-{uuid4()}"
        user = await self.call("POST", "/v1/users", {"username": name, "password": _PASSWORD}, "")
        grants = [{"role": role, "departments": None} for role in ("admin", "bed_manager", "charge_nurse")]
        await self.call("PUT", f"/v1/users/{user['id']}/grants", {"grants": grants})
        credentials = {"username": name, "password": _PASSWORD}
        for _ in range(clients):
            self._tokens.append((await self.call("POST", "/v1/sessions", credentials, ""))["token"])
        self._token = self._tokens[0]

    async def department(self, beds: int) -> tuple[str, list[str]]:
        """A new department with that many ready beds: its id and theirs."""
        department = await self._empty_department()
        return department, await self._ready_beds([{"department_id": department} for _ in range(beds)])

    async def department_of_rooms(self, rooms: int, free: int) -> str:
        """A new department with that many rooms: a patient and so many free beds in each, no two rooms alike."""
        department = await self._empty_department()
        beds: list[dict[str, Any]] = []
        for n in range(rooms):
            room = {"department_id": department, "code": f"R{n:04}", "sex_policy": _SEXES[n % len(_SEXES)]}
            in_it = {
                "department_id": department,
                "room_id": (await self.call("POST", "/v1/rooms", room))["id"],
            }
            beds += [in_it | {"equipment": ["monitor"] * (k % 2)} for k in range(free + 1)]
        ready = await self._ready_beds(beds)
        for patient, bed in zip(await self.patients(rooms), ready[:: free + 1], strict=True):
            body = {
                "patient_id": patient,
                "department_id": department,
                "bed_id": bed,
                "needs": {"sex": "male"},
            }
            admission = await self.call("POST", "/v1/admissions", body, prefer="wait=10")
            if admission["placement"]["state"] == "held":
                await self.call("POST", f"/v1/placements/{admission['id']}/arrival", {})
        return department

    async def _empty_department(self) -> str:
        new = {"code": f"B{uuid4().hex[:8]}", "name": "Bench"}
        department: str = (await self.call("POST", "/v1/departments", new))["id"]
        return department

    async def _ready_beds(self, new: list[dict[str, Any]]) -> list[str]:
        gate = asyncio.Semaphore(16)

        async def ready_bed(n: int, wanted: dict[str, Any]) -> str:
            async with gate:
                bed: str = (await self.call("POST", "/v1/beds", {"code": f"{n:04}", **wanted}))["id"]
                await self.call("POST", f"/v1/beds/{bed}/ready_override", {"reason_code": "bench"})
                return bed

        return await asyncio.gather(*(ready_bed(n, wanted) for n, wanted in enumerate(new)))

    async def awaited_beds(self, count: int) -> list[str]:
        """The beds of a new department, all of them dirty, and as many people who wait for one."""
        department = await self._empty_department()
        new = [{"department_id": department, "code": f"{n:04}"} for n in range(count)]
        beds = [(await self.call("POST", "/v1/beds", one))["id"] for one in new]
        for patient in await self.patients(count):
            body = {"patient_id": patient, "department_id": department}
            await self.call("POST", "/v1/admissions", body, prefer="wait=10")
        return beds

    async def full_department(self, beds: int, dirty: int, waiting: int) -> str:
        """A new department with a patient in each of its beds but the dirty ones, and people who wait for one."""
        department, _ = await self.department(beds - dirty)
        for n in range(dirty):
            await self.call("POST", "/v1/beds", {"department_id": department, "code": f"dirty{n}"})
        for patient in await self.patients(beds - dirty + waiting):
            body = {"patient_id": patient, "department_id": department}
            admission = await self.call("POST", "/v1/admissions", body, prefer="wait=10")
            if admission["placement"]["state"] == "held":
                await self.call("POST", f"/v1/placements/{admission['id']}/arrival", {})
        return department

    async def patients(self, count: int) -> list[str]:
        gate = asyncio.Semaphore(16)

        async def patient(n: int) -> str:
            async with gate:
                body = {"mrn": uuid4().hex, "name": f"Bench, Patient {n}"}
                new: str = (await self.call("POST", "/v1/patients", body))["id"]
                return new

        return await asyncio.gather(*(patient(n) for n in range(count)))

    def read(self, client: int, path: str) -> Request:
        return Request("GET", path, self._headers(client))

    def act(self, client: int, path: str, body: Any, **headers: str) -> Request:
        keyed = {"idempotency-key": str(uuid4()), **headers}
        return Request("POST", path, self._headers(client) | keyed, body)

    def _headers(self, client: int) -> dict[str, str]:
        return {"authorization": f"Bearer {self._tokens[client]}"}
