"""Two patients who change places in every way there is, each of them one transaction over placements, beds and more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.support.hospital import Department, Hospital
from tests.support.insisting import PATIENCE, Insisting
from tests.support.person import Json
from tests.support.waiting import eventually

Act = Callable[[], Awaitable[None]]
_MISTAKE = {"reason_code": "mistake"}


class Wards(NamedTuple):
    """One with two beds and one upstairs with one, for nobody but a pair."""

    home: Department
    upstairs: Department


async def wards_of_a_pair(hospital: Hospital) -> Wards:
    return Wards(await hospital.a_department(beds=2), await hospital.a_department(beds=1))


class Pair:
    """One, who is transferred upstairs by mistake, and the other, who is not there at first, nor gone in the end."""

    def __init__(self, manager: Insisting, wards: Wards) -> None:
        self._manager, self._wards = manager, wards
        self._one = self._other = self._transfer = ""
        self._bed_of_one = self._bed_of_other = ""

    @property
    def acts(self) -> tuple[Act, ...]:
        """Between their coming and their going, each a command of beds."""
        return (
            self.swap,
            self.ask_transfer,
            self.accept_transfer,
            self.move_upstairs,
            self.take_move_back,
            self.take_arrival_back,
        )

    async def come(self) -> None:
        self._one, self._bed_of_one = await self._arrived()
        self._other, self._bed_of_other = await self._arrived()

    async def swap(self) -> None:
        await self._do("/v1/placements/swaps", {"a": self._one, "b": self._other})
        self._bed_of_one, self._bed_of_other = self._bed_of_other, self._bed_of_one
        await self._are_where_they_should_be()

    async def ask_transfer(self) -> None:
        wanted = {"department_id": str(self._wards.upstairs.id)}
        self._transfer = (await self._do(f"/v1/placements/{self._one}/transfers", wanted))["id"]

    async def accept_transfer(self) -> None:
        bed = str(self._wards.upstairs.beds[0])
        accepted = await self._do(f"/v1/transfers/{self._transfer}/accept", {"bed_id": bed})
        assert (accepted["state"], accepted["bed_id"]) == ("accepted", bed)
        await self._are_where_they_should_be()

    async def move_upstairs(self) -> None:
        bed = str(self._wards.upstairs.beds[0])
        moved = await self._do(f"/v1/placements/{self._one}/moves", {"bed_id": bed})
        assert (moved["bed_id"], moved["transfer_id"]) == (bed, None)

    async def take_move_back(self) -> None:
        await self._do(f"/v1/placements/{self._one}/reversals", {"of": "move", **_MISTAKE})
        await self._are_where_they_should_be()

    async def take_arrival_back(self) -> None:
        waits = await self._do(f"/v1/placements/{self._other}/reversals", {"of": "arrival", **_MISTAKE})
        assert (waits["state"], waits["refusal"]) == ("queued", "reversed")

    async def be_discharged(self) -> None:
        """The other one is there after all, and leaves."""
        await self._arrive_again()
        await self._do(f"/v1/placements/{self._other}/departure", {"reason_code": "recovered"})
        await self._is("admissions", "discharged")

    async def reopen(self) -> None:
        """A command of admissions: the other one has not left."""
        await self._do(f"/v1/admissions/{self._other}/reopen", _MISTAKE)

    async def go(self) -> None:
        """Both leave, and every one of their movements is there once."""
        await self._is("placements", "queued")  # the one bed is taken, the own is dirty
        await self._arrive_again()
        for admission in (self._one, self._other):
            await self._do(f"/v1/placements/{admission}/departure", {"reason_code": "recovered"})
        for bed in (*self._wards.home.beds, *self._wards.upstairs.beds):
            await self._do(f"/v1/beds/{bed}/ready_override", {"reason_code": "wiped"})
        assert await self._movements(self._one) == ["arrival", "move", "move", "move_reversed", "departure"]
        assert await self._movements(self._other) == [
            *("arrival", "move", "arrival_reversed"),
            *("arrival", "departure", "arrival", "departure"),
        ]

    async def day(self) -> None:
        """All of it."""
        await self.come()
        for act in self.acts:
            await act()
        await self.be_discharged()
        await self.reopen()
        await self.go()

    async def _arrived(self) -> tuple[str, str]:
        """A new admission, and its bed."""
        patient = await self._do("/v1/patients", {"unidentified": True})
        wish = {"patient_id": patient["id"], "department_id": str(self._wards.home.id)}
        admission: str = (await self._do("/v1/admissions", wish))["id"]
        await eventually(lambda: self._says("placements", admission, "held"), within=PATIENCE)
        return admission, (await self._do(f"/v1/placements/{admission}/arrival", {}))["bed_id"]

    async def _arrive_again(self) -> None:
        """In the own bed, which is dirty."""
        await self._do(f"/v1/placements/{self._other}/arrival", {"bed_id": self._bed_of_other})

    async def _are_where_they_should_be(self) -> None:
        for admission, bed in ((self._one, self._bed_of_one), (self._other, self._bed_of_other)):
            placement = await self._manager.read(f"/v1/placements/{admission}")
            assert (placement["state"], placement["bed_id"]) == ("in_bed", bed)

    async def _is(self, where: str, state: str) -> None:
        """The other one, once that service has heard of it."""
        await eventually(lambda: self._says(where, self._other, state), within=PATIENCE)

    async def _says(self, where: str, admission: str, state: str) -> bool:
        answer = await self._manager.ask("GET", f"/v1/{where}/{admission}")
        return answer.status_code == 200 and answer.json()["state"] == state

    async def _movements(self, admission: str) -> list[str]:
        told = await self._manager.read(f"/v1/placements/{admission}/movements")
        return [movement["kind"] for movement in told["items"]]

    async def _do(self, path: str, body: Json) -> Json:
        return await self._manager.do(path, body)
