"""Somebody who places patients all day, without asking what the nineteen others do at the same time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from httpx2 import Response

from tests.support.hospital import Department
from tests.support.person import Json, Person

#: What is tried with a placement that was in this state when somebody looked; by now it may be in another.
TRIED: Mapping[str, Sequence[str]] = {
    "queued": ("hold", "hold", "arrive_directly", "cancel"),
    "held": ("arrive", "arrive", "hold", "release", "no_show"),
    "in_bed": ("move", "move", "depart"),
    "on_leave": ("depart",),
    "left": ("admit_again",),
    "withdrawn": ("admit_again",),
}


class Told(NamedTuple):
    """What was answered: `code` is None where the command was done."""

    command: str
    status: int
    code: str | None


class Board:
    """The patients and beds that all of them work with, and each patient's present admission."""

    def __init__(self, wards: Sequence[Department], admissions: Mapping[str, str]) -> None:
        self.wards = wards
        self.beds: list[UUID] = [bed for ward in wards for bed in ward.beds]
        self.admissions = dict(admissions)


class Coordinator:
    """One client with connections of its own. Everything that it is told stays in `told`."""

    def __init__(self, person: Person, board: Board, chance: random.Random) -> None:
        self._person, self._board, self._chance = person, board, chance
        self.told: list[Told] = []

    @property
    def done(self) -> Counter[str]:
        return Counter(told.command for told in self.told if told.code is None)

    async def work(self, over: asyncio.Event) -> None:
        while not over.is_set():
            if self._chance.random() < 0.2:
                await self._see_to_a_bed()
            else:
                await self._see_to_a_patient()

    async def _see_to_a_patient(self) -> None:
        patient = self._chance.choice(list(self._board.admissions))
        admission = self._board.admissions[patient]
        seen = await self._person.ask("GET", f"/v1/placements/{admission}")
        if seen.status_code == 404:
            return  # beds has not heard of the admission yet
        placement = seen.json()
        command = self._chance.choice(TRIED[placement["state"]])
        await getattr(self, f"_{command}")(patient, admission, placement)

    async def _see_to_a_bed(self) -> None:
        """Whatever brings it back."""
        bed = await self._person.read(f"/v1/beds/{self._chance.choice(self._board.beds)}")
        match bed["state"]:
            case "dirty":
                await self._do("ready", f"/v1/beds/{bed['id']}/ready_override", {"reason_code": "wiped"})
            case "blocked":
                await self._do("unblock", f"/v1/beds/{bed['id']}/unblock", {})
            case "available":
                await self._do("block", f"/v1/beds/{bed['id']}/block", {"reason_code": "repair"})

    async def _hold(self, _: str, admission: str, __: Json) -> None:
        body = {"admission_id": admission, "minutes": 60}
        await self._do("hold", f"/v1/beds/{self._some_bed()}/holds", body)

    async def _release(self, _: str, __: str, placement: Json) -> None:
        path = f"/v1/beds/{placement['bed_id']}/holds/{placement['hold_id']}"
        self._note("release", await self._person.ask("DELETE", path))

    async def _arrive(self, _: str, admission: str, __: Json) -> None:
        await self._do("arrive", f"/v1/placements/{admission}/arrival", {})

    async def _arrive_directly(self, _: str, admission: str, __: Json) -> None:
        body = {"bed_id": self._some_bed()}
        await self._do("arrive_directly", f"/v1/placements/{admission}/arrival", body)

    async def _move(self, _: str, admission: str, __: Json) -> None:
        await self._do("move", f"/v1/placements/{admission}/moves", {"bed_id": self._some_bed()})

    async def _depart(self, _: str, admission: str, __: Json) -> None:
        await self._do("depart", f"/v1/placements/{admission}/departure", {"reason_code": "recovered"})

    async def _cancel(self, _: str, admission: str, __: Json) -> None:
        await self._do("cancel", f"/v1/admissions/{admission}/cancel", {"reason_code": "patient_request"})

    async def _no_show(self, _: str, admission: str, __: Json) -> None:
        await self._do("no_show", f"/v1/admissions/{admission}/no_show", {"reason_code": "unreachable"})

    async def _admit_again(self, patient: str, _: str, __: Json) -> None:
        ward = self._chance.choice(self._board.wards)
        body = {"patient_id": patient, "department_id": str(ward.id)}
        admitted = await self._do("admit_again", "/v1/admissions", body)
        if admitted.is_success:
            self._board.admissions[patient] = admitted.json()["id"]

    def _some_bed(self) -> str:
        return str(self._chance.choice(self._board.beds))

    async def _do(self, command: str, path: str, body: Json) -> Response:
        answer = await self._person.ask("POST", path, body)
        self._note(command, answer)
        return answer

    def _note(self, command: str, answer: Response) -> None:
        code = None if answer.is_success else answer.json()["code"]
        self.told.append(Told(command, answer.status_code, code))
