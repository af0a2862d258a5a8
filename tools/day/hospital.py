"""The hospital in which a day is played, as its users see it, and what was done and refused there."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession

from tools.seed.client import Client, Refused
from tools.seed.hospital import needs_in_room

#: Refusals that belong to a day on which many people work at once. Any other one is a mistake of somebody.
EXPECTED = frozenset(
    {
        *(
            "already_arrived",
            "placement_rule_failed",
            "already_confirmed",
            "bed_not_ready",
            "bed_reserved",
            "bed_taken",
            "cancelling",
            "held_for_another",
        ),
        *(
            "hold_expired",
            "not_admitted",
            "not_in_a_bed",
            "not_waiting",
            "wrong_state",
            "admission_already_holds",
            "no_cot_there",
            "newborns_changed",
        ),
    }
)


@dataclass
class Tally:
    """Numbers of the day so far."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    in_beds: int = 0
    waiting: int = 0


@dataclass
class Hospital:
    """`departments` are those with beds; the clients are of one user of each role that works on a day."""

    run: str
    departments: list[str]
    needs: Mapping[str, dict[str, object]]
    """What patients of a department need to be put into its rooms."""
    beds: int
    bed_manager: Client
    housekeeping: Client
    physician: Client
    rounds: frozenset[str]
    """The departments in which the physician confirms discharges."""
    tally: Tally = field(default_factory=Tally)

    @classmethod
    async def enter(cls, http: ClientSession, password: str, run: str) -> "Hospital":
        """Signs in. Raises Refused."""
        anybody = Client(http, {})
        bed_manager = await anybody.sign_in("bed_manager", password)
        physician = await anybody.sign_in("physician", password)
        in_use = [
            bed async for bed in bed_manager.all("/v1/beds") if bed["state"] not in ("blocked", "closed")
        ]
        departments = sorted({bed["department_id"] for bed in in_use})
        grants = (await physician.get("/v1/me"))["grants"]
        return cls(
            run=run,
            departments=departments,
            needs={room["department_id"]: needs_in_room(room) async for room in bed_manager.all("/v1/rooms")},
            beds=len(in_use),
            bed_manager=bed_manager,
            housekeeping=await anybody.sign_in("housekeeping", password),
            physician=physician,
            rounds=frozenset(one for grant in grants for one in grant["departments"] or departments),
        )

    async def leave(self) -> None:
        for client in (self.bed_manager, self.housekeeping, self.physician):
            await client.sign_out()

    async def act(
        self, who: Client, name: str, path: str, body: Mapping[str, object], *, once: str, wait: int = 0
    ) -> Any | None:
        """What was answered; None where it was refused, which is counted."""
        try:
            answer = await who.do("POST", path, body, once=f"day-{self.run}-{once}-{name}", wait=wait)
        except Refused as refusal:
            self.tally.refused[refusal.code] += 1
            if refusal.status != 409 or refusal.code not in EXPECTED:
                self.tally.unexpected.append(str(refusal))
            return None
        self.tally.done[name] += 1
        return answer

    async def free_bed(self, department: str) -> str | None:
        path = f"/v1/beds?department_id={department}&state=available&limit=20"
        found = (bed["id"] for bed in (await self.bed_manager.get(path))["items"] if not bed["cot_of_bed_id"])
        return next(found, None)

    async def placement(self, admission: str) -> Any | None:
        """None as long as beds has not heard of it."""
        try:
            return await self.bed_manager.get(f"/v1/placements/{admission}")
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return None
