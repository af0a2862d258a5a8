"""People who fight for the beds of one ward, and write down what they asked and what they were told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from httpx2 import Response

from tests.chaos.history import OK, REFUSED, History
from tests.support.hospital import Department, Hospital
from tests.support.insisting import PATIENCE, Acknowledged, GivenUp, Insisting
from tests.support.person import Json, Person
from tests.support.waiting import eventually

_PATIENCE = 5.0
"""Seconds: shorter than some outages, so that some outcomes stay unknown."""
_PREPARED = 6
_TRIES = 8


class Client:
    """One of them: brings patient after patient through the ward, and cleans. What stays uncertain is settled later."""

    def __init__(
        self,
        name: str,
        hospital: Hospital,
        cleaner: Person,
        history: History,
        wards: Sequence[Department],
        chance: random.Random,
    ) -> None:
        self._name, self._history, self._chance = name, history, chance
        self._ward, self._busy, self._corridor = wards
        self._client = Insisting(hospital.another_device(hospital.bed_manager), _PATIENCE)
        self._waiting: list[str] = []
        self._uncertain: list[tuple[UUID, str]] = []
        self._cleaner = Insisting(hospital.another_device(cleaner), _PATIENCE)

    @property
    def acknowledged(self) -> list[Acknowledged]:
        """What this one was promised."""
        return self._client.acknowledged + self._cleaner.acknowledged

    async def work(self, over: asyncio.Event) -> None:
        while not over.is_set():
            with suppress(GivenUp):
                while self._uncertain:
                    await self._settle(*self._uncertain.pop())
                story = self._chance.choice(
                    (self._a_stay, self._a_stay, self._a_clean, self._through_admissions)
                )
                await story()

    async def look(self) -> None:
        """Reads every bed of the ward."""
        for bed in self._ward.beds:
            await self._read(bed)

    async def prepare(self) -> None:
        """People who wait already when the first process dies."""
        self._waiting = [await self.admit() for _ in range(_PREPARED)]

    async def admit(self) -> str:
        """Somebody for whom no bed is sought, as the corridor has none, but may be held by hand."""
        admission = await self._admitted(self._corridor)
        await eventually(lambda: self._is_known(admission), within=PATIENCE, every=0.3)
        return admission

    async def _a_stay(self) -> None:
        """For somebody from the corridor: a bed is held, perhaps given up, or taken at once; then left."""
        admission = self._waiting.pop() if self._waiting else await self.admit()
        for bed in self._chance.choices(self._ward.beds, k=_TRIES):
            if self._chance.random() < 0.2:
                arrived = await self._arrive(bed, admission, named=True)
            else:
                held = await self._hold(bed, admission)
                if held is None or (
                    self._chance.random() < 0.5 and await self._release(bed, admission, held)
                ):
                    continue
                arrived = await self._arrive(bed, admission)
            if arrived:
                await self._read(bed)
                await self._depart(bed, admission)
                return

    async def _settle(self, bed: UUID, admission: str) -> None:
        """Whatever became of the hold, the arrival or the departure: they leave the bed."""
        await self._arrive(bed, admission)
        await self._depart(bed, admission)

    async def _a_clean(self) -> None:
        """By cleaning, or by word."""
        bed = self._chance.choice(self._ward.beds)
        await self._read(bed)
        if self._chance.random() < 0.5:
            body = {"reason_code": "wiped"}
            await self._ask("ready", bed, "POST", f"/v1/beds/{bed}/ready_override", body)
            return
        jobs = (await self._cleaner.read(f"/v1/cleaning_jobs?bed_id={bed}&limit=200"))["items"]
        for job in [job for job in jobs if job["state"] in ("requested", "started")][:1]:
            for step in ("start", "complete"):
                await self._ask(f"{step}_cleaning", bed, "POST", f"/v1/cleaning_jobs/{job['id']}/{step}", {})

    async def _through_admissions(self) -> None:
        """In a ward whose beds are given by the queue: who gets one is decided by beds, and by cancellations."""
        admission = await self._admitted(self._busy, wait=2)
        answer = await self._client.ask("GET", f"/v1/placements/{admission}")
        if answer.status_code != 200 or answer.json()["state"] != "held" or self._chance.random() < 0.3:
            body = {"reason_code": "test"}
            await self._client.ask("POST", f"/v1/admissions/{admission}/cancel", body, wait=2)
            return
        bed = answer.json()["bed_id"]
        arrived = await self._client.ask("POST", f"/v1/placements/{admission}/arrival", {})
        if arrived.is_success:
            await self._client.do(f"/v1/placements/{admission}/departure", {"reason_code": "recovered"})
            await self._client.do(f"/v1/beds/{bed}/ready_override", {"reason_code": "wiped"})

    async def _admitted(self, ward: Department, wait: int = 0) -> str:
        patient = await self._client.do("/v1/patients", {"unidentified": True})
        wish = {"patient_id": patient["id"], "department_id": str(ward.id)}
        admission: str = (await self._client.do("/v1/admissions", wish, wait=wait))["id"]
        return admission

    async def _is_known(self, admission: str) -> bool:
        return (await self._client.ask("GET", f"/v1/placements/{admission}")).status_code == 200

    async def _hold(self, bed: UUID, admission: str) -> str | None:
        body = {"admission_id": admission, "minutes": 1000}
        answer = await self._ask("hold", bed, "POST", f"/v1/beds/{bed}/holds", body, admission=admission)
        return answer.json()["id"] if answer.is_success else None

    async def _release(self, bed: UUID, admission: str, hold: str) -> bool:
        path = f"/v1/beds/{bed}/holds/{hold}"
        return (await self._ask("release", bed, "DELETE", path, None, admission=admission)).is_success

    async def _arrive(self, bed: UUID, admission: str, *, named: bool = False) -> bool:
        path, body = f"/v1/placements/{admission}/arrival", {"bed_id": str(bed)} if named else {}
        return (await self._ask("arrive", bed, "POST", path, body, admission=admission)).is_success

    async def _depart(self, bed: UUID, admission: str) -> None:
        path, body = f"/v1/placements/{admission}/departure", {"reason_code": "recovered"}
        await self._ask("depart", bed, "POST", path, body, admission=admission)

    async def _read(self, bed: UUID) -> None:
        with self._history.operation(self._name, "read", str(bed)) as read:
            seen = await self._client.read(f"/v1/beds/{bed}")
            read.result = {"outcome": OK, "state": seen["state"], "admission_id": seen["admission_id"]}

    async def _ask(
        self, op: str, bed: UUID, method: str, path: str, body: Json | None, **args: str
    ) -> Response:
        with self._history.operation(self._name, op, str(bed), **args) as asked:
            who = self._cleaner if op.endswith("_cleaning") else self._client
            try:
                answer = await who.ask(method, path, body)
            except GivenUp:
                if args:
                    self._uncertain.append((bed, args["admission"]))
                raise
            code = None if answer.is_success else answer.json()["code"]
            asked.result = {"outcome": OK} if code is None else {"outcome": REFUSED, "code": code}
        return answer
