"""Wards, beds and users of the demo hospital: found, or made."""

from collections.abc import Iterable
from typing import Any

from tools.seed.client import Client
from tools.seed.hospital import BLOCK_REASON, OUT_OF_USE, Facts, Person, Room, Ward, cot_beside
from tools.seed.report import Report, together

_NEW = 1  # the version of what nobody has changed since it was made


class Places:
    """What is found and made. Departments are known by code, beds by department and code."""

    def __init__(self, report: Report, anybody: Client, admin: Client, demo_password: str) -> None:
        self.report = report
        self.departments: dict[str, str] = {}
        self.beds: dict[tuple[str, str | None], str] = {}
        self._anybody = anybody
        self._admin = admin
        self._password = demo_password
        self._untouched: dict[tuple[str, str], str] = {}

    async def open_wards(self, reader: Client, wards: Iterable[Ward]) -> None:
        """Departments with their rooms and beds, by code. A closed one is there and stays closed."""
        found = {one["code"]: one["id"] async for one in reader.all("/v1/departments")}
        for ward in wards:
            code = ward.code
            if code not in found:
                body = {"code": code, "name": ward.name}
                made = await self._admin.do("POST", "/v1/departments", body, once=f"department-{code}")
                found[code] = made["id"]
                self.report.made["departments"] += 1
            self.departments[code] = found[code]
        await together(self._furnish(reader, ward) for ward in wards)

    async def _furnish(self, reader: Client, ward: Ward) -> None:
        department = self.departments[ward.code]
        rooms = {one["code"]: one["id"] async for one in reader.all(f"/v1/rooms?department_id={department}")}
        beds = {one["code"]: one async for one in reader.all(f"/v1/beds?department_id={department}")}

        async def furnish(room: Room) -> None:
            if room.code not in rooms:
                rooms[room.code] = (await self._make("rooms", department, room.code, room.facts))["id"]
            facts = {"room_id": rooms[room.code], "equipment": list(room.equipment)}
            for code in room.beds:
                bed = await place(code, facts)
                if room.cots:
                    await place(cot_beside(code), {"cot_of_bed_id": bed["id"]})

        async def place(code: str, facts: Facts) -> Any:
            bed = beds.get(code) or await self._make("beds", department, code, facts)
            self.beds[ward.code, code] = bed["id"]
            if bed["version"] == _NEW:
                self._untouched[ward.code, code] = bed["id"]
            return bed

        await together(furnish(room) for room in ward.rooms)

    async def _make(self, kind: str, department: str, code: str, facts: Facts) -> Any:
        body = {"department_id": department, "code": code, **facts}
        made = await self._admin.do("POST", f"/v1/{kind}", body, once=f"{kind}-{department}-{code}")
        self.report.made[kind] += 1
        return made

    async def welcome(self, people: Iterable[Person]) -> None:
        """Users, by username; rights are granted to those who never had any."""
        found = {one["username"]: one async for one in self._admin.all("/v1/users")}
        await together(self._welcome(person, found.get(person.username)) for person in people)

    async def _welcome(self, person: Person, user: Any) -> None:
        name = person.username
        if user is None:
            body = {"username": name, "password": self._password}
            user = await self._anybody.do("POST", "/v1/users", body, once=f"user-{name}")
            self.report.made["users"] += 1
        if user["version"] == _NEW:
            departments = [self.departments[ward] for ward in person.wards] or None
            grants = {"grants": [{"role": person.role, "departments": departments}]}
            await self._admin.do("PUT", f"/v1/users/{user['id']}/grants", grants, once=f"grants-{name}")

    async def ready_beds(self, bed_manager: Client) -> None:
        """New beds are declared ready, save one that is blocked and one that is closed."""
        await together(self._ready(bed_manager, *place) for place in self._untouched)

    async def _ready(self, bed_manager: Client, ward: str, code: str) -> None:
        bed = self._untouched[ward, code]
        match OUT_OF_USE.get((ward, code)):
            case "block":
                await _act(bed_manager, bed, "block", {"reason_code": BLOCK_REASON})
            case "close":
                await _act(self._admin, bed, "close", {})
            case _:
                await _act(bed_manager, bed, "ready_override", {"reason_code": "commissioned"})


async def _act(client: Client, bed: str, act: str, body: dict[str, object]) -> None:
    await client.do("POST", f"/v1/beds/{bed}/{act}", body, once=f"{act}-{bed}")
