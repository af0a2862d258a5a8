"""A day in the hospital that comes to every line of code at which a process may be made to die."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

from tests.failpoints.changing_places import Pair, Wards
from tests.support.hospital import PASSWORD, Department, Hospital
from tests.support.insisting import PATIENCE, Insisting
from tests.support.person import Json, Person
from tests.support.waiting import eventually


class Places(NamedTuple):
    """A ward of one bed, a corridor without any, a department whose beds are held in vain, and the wards of a pair."""

    ward: Department
    corridor: Department
    spare: Department
    pair: Wards


class Shift:
    """Works day after day in a department of one bed, and is certain of everything in the end."""

    def __init__(self, hospital: Hospital, places: Places, cleaner: Person) -> None:
        self._hospital, self._places = hospital, places
        self._number = count(1)
        self.manager = Insisting(hospital.another_device(hospital.bed_manager))
        self.admin = Insisting(hospital.another_device(hospital.admin))
        self.cleaner = Insisting(cleaner)
        self.clients = (self.manager, self.admin, self.cleaner)

    async def work(self, over: asyncio.Event) -> None:
        """Whole days, until it is over."""
        while not over.is_set():
            await self.day()

    async def day(self) -> None:
        pair = Pair(self.manager, self._places.pair)
        await asyncio.gather(
            self._somebody_new(),
            self._somebody_curious(),
            self._somebody_forgotten(),
            self._beds_are_used(),
            pair.day(),
        )

    async def _beds_are_used(self) -> None:
        waiting, declined = [await self._admitted() for _ in range(3)], list[str]()
        while waiting:  # the second as soon as the queue has been served
            admission = await self._held_one(waiting)
            if waiting and await self._is_offered(admission):
                await self._decides(admission, "decline", {"reason_code": "too_far_away"})
                declined.append(admission)
                continue
            if await self._is_offered(admission):
                await self._decides(admission, "accept", {})
            await self._stays(admission)
        for admission in declined:  # is offered it no more
            await self._stays(admission, {"bed_id": str(self._places.ward.beds[0])})
        await self._holds_in_vain()
        await self._reserves()
        bed = str(random.choice(self._places.spare.beds))  # nobody will come to clean it
        await self.cleaner.ask("POST", "/v1/cleaning_jobs", {"bed_id": bed, "type": "daily"})

    async def _held_one(self, waiting: list[str]) -> str:
        """Whoever has the bed waits no more: where beds was away, of two wants the one that it hears first."""

        async def held() -> str | None:
            for admission in waiting:
                answer = await self.manager.ask("GET", f"/v1/placements/{admission}")
                if answer.status_code == 200 and answer.json()["state"] == "held":
                    return admission
            return None

        admission: str = await eventually(held, within=PATIENCE)
        waiting.remove(admission)
        return admission

    async def _is_offered(self, admission: str) -> bool:
        """A want that beds hears of when the bed is free already is answered without an offer."""
        placement = await self.manager.read(f"/v1/placements/{admission}")
        return placement["offer_id"] is not None

    async def _decides(self, admission: str, word: str, body: Json) -> None:
        await self.manager.do(f"/v1/placements/{admission}/offer/{word}", body)

    async def _stays(self, admission: str, directly: Json | None = None) -> None:
        await self.manager.do(f"/v1/placements/{admission}/arrival", directly)
        await self.manager.do(f"/v1/placements/{admission}/departure", {"reason_code": "recovered"})
        await self.manager.do(
            f"/v1/beds/{self._places.ward.beds[0]}/ready_override", {"reason_code": "wiped"}
        )

    async def _holds_in_vain(self) -> None:
        """A hold of a minute for somebody who never comes: days later the sweep finds it."""
        admission = await self._admitted(self._places.corridor)
        await eventually(lambda: self._is_known(admission), within=PATIENCE)
        bed = random.choice(self._places.spare.beds)
        await self.manager.ask("POST", f"/v1/beds/{bed}/holds", {"admission_id": admission, "minutes": 1})

    async def _reserves(self) -> None:
        """A bed for a minute, beginning at once, for somebody who never comes: a hold, or over in vain."""
        admission = await self._admitted(self._places.corridor)
        await eventually(lambda: self._is_known(admission), within=PATIENCE)
        start = datetime.now(UTC) + timedelta(seconds=2)
        period = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=1)).isoformat()}
        bed = random.choice(self._places.spare.beds)
        await self.manager.ask("POST", f"/v1/beds/{bed}/reservations", {"admission_id": admission, **period})

    async def _is_known(self, admission: str) -> bool:
        return (await self.manager.ask("GET", f"/v1/placements/{admission}")).status_code == 200

    async def _somebody_forgotten(self) -> None:
        """A patient about whom somebody has noted something, and who is erased."""
        patient = (await self.manager.do("/v1/patients", {"unidentified": True}))["id"]
        note = {"entity_type": "patient", "entity_id": patient, "text": "was here"}
        await self.cleaner.do("/v1/audit/notes", note)
        await self.admin.do(f"/v1/patients/{patient}/erasure", {"reason_code": "wish", "patient_id": patient})

    async def _admitted(self, ward: Department | None = None) -> str:
        patient = await self.manager.do("/v1/patients", {"unidentified": True})
        wish = {"patient_id": patient["id"], "department_id": str((ward or self._places.ward).id)}
        admission: str = (await self.manager.do("/v1/admissions", wish))["id"]
        await self.manager.read(f"/v1/patients/{patient['id']}")
        return admission

    async def _somebody_new(self) -> None:
        name = f"newcomer{id(self)}-{next(self._number)}"
        person: Json = {"username": name, "password": PASSWORD}
        someone = self._hospital.stranger()
        stranger = Insisting(someone)
        signed_up = await stranger.ask("POST", "/v1/users", person)
        assert signed_up.status_code in (201, 409), signed_up.text  # 409: the first answer was lost
        await stranger.ask("POST", "/v1/sessions", person | {"password": "another password"})
        await stranger.do("/v1/sessions", person)
        await someone.leave()

    async def _somebody_curious(self) -> None:
        """Asks for what is not theirs, and for what only few may read."""
        for path, wish in (
            ("/v1/departments", {"code": "X", "name": "X"}),
            ("/v1/patients", {"unidentified": True}),
        ):
            refused = await self.cleaner.ask("POST", path, wish)
            assert refused.status_code == 403, refused.text
        await self.admin.read("/v1/audit/entries?limit=1")
