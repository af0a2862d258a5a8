"""Somebody who places patients all day, without asking what the nineteen others do at the same time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from httpx2 import Response

from tests.support.hospital import Department
from tests.support.person import Json, Person

#: What is tried with a placement that was in this state when somebody looked; by now it may be in another.
TRIED: Mapping[str, Sequence[str]] = {
    "queued": ("hold", "hold", "arrive_directly", "cancel", "reserve", "give_back"),
    "held": ("arrive", "arrive", "accept_offer", "decline_offer", "hold", "release", "no_show"),
    "in_bed": ("move", "swap", "transfer", "go_there", "leave", "reverse_arrival", "reverse_move", "depart"),
    "on_leave": ("come_back", "come_back", "depart"),
    "left": ("admit_again", "admit_again", "reopen"),
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

    def __init__(self, person: Person, nurse: Person, board: Board, chance: random.Random) -> None:
        """`nurse` records leave and return, which a bed manager may not."""
        self._person, self._nurse, self._board, self._chance = person, nurse, board, chance
        self.told: list[Told] = []

    @property
    def done(self) -> Counter[str]:
        return Counter(told.command for told in self.told if told.code is None)

    async def work(self, over: asyncio.Event) -> None:
        while not over.is_set():
            if self._chance.random() < 0.35:
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

    async def _reserve(self, _: str, admission: str, __: Json) -> None:
        """For a few seconds, so that its time comes while all are at work."""
        start = datetime.now(UTC) + timedelta(seconds=self._chance.uniform(1, 3))
        body = {
            "admission_id": admission,
            "starts_at": start.isoformat(),
            "ends_at": (start + timedelta(seconds=self._chance.uniform(1, 4))).isoformat(),
        }
        await self._do("reserve", f"/v1/beds/{self._some_bed()}/reservations", body)

    async def _give_back(self, _: str, admission: str, __: Json) -> None:
        found = await self._person.read("/v1/reservations", admission_id=admission, state="reserved")
        for one in found["items"]:
            path = f"/v1/beds/{one['bed_id']}/reservations/{one['id']}"
            self._note("give_back", await self._person.ask("DELETE", path))

    async def _release(self, _: str, __: str, placement: Json) -> None:
        path = f"/v1/beds/{placement['bed_id']}/holds/{placement['hold_id']}"
        self._note("release", await self._person.ask("DELETE", path))

    async def _accept_offer(self, _: str, admission: str, __: Json) -> None:
        await self._do("accept_offer", f"/v1/placements/{admission}/offer/accept", None)

    async def _decline_offer(self, _: str, admission: str, __: Json) -> None:
        body = {"reason_code": "too_far_away"}
        await self._do("decline_offer", f"/v1/placements/{admission}/offer/decline", body)

    async def _arrive(self, _: str, admission: str, __: Json) -> None:
        await self._do("arrive", f"/v1/placements/{admission}/arrival", {})

    async def _arrive_directly(self, _: str, admission: str, __: Json) -> None:
        body = {"bed_id": self._some_bed()}
        await self._do("arrive_directly", f"/v1/placements/{admission}/arrival", body)

    async def _move(self, _: str, admission: str, placement: Json) -> None:
        bed = await self._free_bed(placement["department_id"])
        await self._do("move", f"/v1/placements/{admission}/moves", {"bed_id": bed})

    async def _swap(self, _: str, admission: str, __: Json) -> None:
        other = self._chance.choice(list(self._board.admissions.values()))
        await self._do("swap", "/v1/placements/swaps", {"a": admission, "b": other})

    async def _transfer(self, _: str, admission: str, placement: Json) -> None:
        """To another ward, which decides at once: whoever coordinates there does so without being asked."""
        there = self._chance.choice(
            [one for one in self._board.wards if str(one.id) != placement["department_id"]]
        )
        asked = await self._do(
            "transfer", f"/v1/placements/{admission}/transfers", {"department_id": str(there.id)}
        )
        if asked.is_success:
            await self._decide(asked.json()["id"], there)

    async def _decide(self, transfer: str, there: Department) -> None:
        word = self._chance.choice(("accept", "accept", "accept", "decline", "cancel"))
        body = (
            {"bed_id": str(self._chance.choice(there.beds))} if word == "accept" else {"reason_code": "full"}
        )
        await self._do(f"{word}_transfer", f"/v1/transfers/{transfer}/{word}", body)

    async def _go_there(self, _: str, admission: str, placement: Json) -> None:
        """Into the bed that a transfer holds, or would."""
        found = await self._person.read("/v1/transfers", admission_id=admission, state="accepted")
        bed = found["items"][0]["bed_id"] if found["items"] else self._some_bed()
        await self._do("go_there", f"/v1/placements/{admission}/moves", {"bed_id": bed})

    async def _leave(self, _: str, admission: str, __: Json) -> None:
        await self._do("leave", f"/v1/placements/{admission}/leave", None, self._nurse)

    async def _come_back(self, _: str, admission: str, __: Json) -> None:
        await self._do("come_back", f"/v1/placements/{admission}/return", None, self._nurse)

    async def _reverse_arrival(self, _: str, admission: str, __: Json) -> None:
        body = {"of": "arrival", "reason_code": "wrong_patient"}
        await self._do("reverse_arrival", f"/v1/placements/{admission}/reversals", body)

    async def _reverse_move(self, _: str, admission: str, __: Json) -> None:
        body = {"of": "move", "reason_code": "wrong_bed"}
        await self._do("reverse_move", f"/v1/placements/{admission}/reversals", body)

    async def _reopen(self, _: str, admission: str, __: Json) -> None:
        await self._do("reopen", f"/v1/admissions/{admission}/reopen", {"reason_code": "came_back"})

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

    async def _free_bed(self, department: str) -> str:
        """One that was free when somebody looked, if there was any."""
        found = (await self._person.read("/v1/beds", department_id=department, state="available"))["items"]
        return str(self._chance.choice(found)["id"]) if found else self._some_bed()

    def _some_bed(self) -> str:
        return str(self._chance.choice(self._board.beds))

    async def _do(self, command: str, path: str, body: Json | None, who: Person | None = None) -> Response:
        answer = await (who or self._person).ask("POST", path, body)
        self._note(command, answer)
        return answer

    def _note(self, command: str, answer: Response) -> None:
        code = None if answer.is_success else answer.json()["code"]
        self.told.append(Told(command, answer.status_code, code))
