"""The hospital as an import sees it: who looks, who adds, what is there, and how the missing is made."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from common.ids import new_id
from tools.importing.columns import COT_OF, Kind
from tools.importing.plan import Plan, There
from tools.importing.wanted import Key, Thing
from tools.seed.client import Client, Refused
from tools.seed.report import together

_TAKEN = "code_taken"


@dataclass(frozen=True, slots=True)
class Login:
    username: str
    password: str = field(repr=False)


@asynccontextmanager
async def entered(url: str, admin: Login, reader: Login | None) -> AsyncIterator["Hospital"]:
    """Signed in until the end. Without a reader the admin looks, too. Raises Refused."""
    async with ClientSession(url, timeout=ClientTimeout(total=30)) as http:
        nobody = Client(http, {}, purpose=f"import-{new_id()}")
        adding = await nobody.sign_in(admin.username, admin.password)
        looking = await nobody.sign_in(reader.username, reader.password) if reader else adding
        try:
            yield Hospital(adding, looking)
        finally:
            with suppress(Refused, ClientError):  # a session that cannot be ended ends by itself
                await adding.sign_out()
                if reader:
                    await looking.sign_out()


class Hospital:
    """`adding` may change the layout, `looking` may read it: in this house no role may do both."""

    def __init__(self, adding: Client, looking: Client) -> None:
        self._adding, self._looking = adding, looking
        self._ids: dict[tuple[Kind, Key], str] = {}
        self.written: Counter[Kind] = Counter()
        self.found: Counter[Kind] = Counter()
        """What somebody else made after the preview."""

    async def look(self, departments: Iterable[str]) -> There:
        """These departments with all that is in them."""
        wanted = set(departments)
        there: dict[Kind, dict[Key, dict[str, Any]]] = {kind: {} for kind in Kind}
        closed: set[tuple[Kind, Key]] = set()

        def sort(kind: Kind, key: Key, shown: dict[str, Any], *, is_open: bool) -> None:
            if is_open:
                there[kind][key] = shown
                self._ids[kind, key] = shown["id"]
            else:
                closed.add((kind, key))

        async def look_into(code: str, department: str) -> None:
            rooms = {one["id"]: one async for one in self._all("rooms", department)}
            for room in rooms.values():
                sort(Kind.ROOM, (code, room["code"]), room, is_open=room["active"])
            beds = {one["id"]: one async for one in self._all("beds", department)}
            for bed in beds.values():
                bed["room"] = rooms[bed["room_id"]]["code"] if bed["room_id"] else None
                bed[COT_OF] = beds[bed[COT_OF]]["code"] if bed[COT_OF] else None
                sort(Kind.BED, (code, bed["code"]), bed, is_open=bed["state"] != "closed")

        async for one in self._looking.all("/v1/departments"):
            if one["code"] in wanted:
                sort(Kind.DEPARTMENT, (one["code"],), one, is_open=one["state"] == "open")
        opened = there[Kind.DEPARTMENT].items()
        await together(look_into(code, one["id"]) for (code,), one in opened)
        return There(there, frozenset(closed))

    def _all(self, kind: str, department: str) -> AsyncIterator[Any]:
        return self._looking.all(f"/v1/{kind}?department_id={department}")

    async def write(self, plan: Plan, advance: Callable[[], None]) -> None:
        """Departments, rooms, beds, then cots. Raises Refused; what was written until then stays."""
        for kind in Kind:
            things = plan.made[kind].items()
            for cots in (False, True):
                await together(
                    self._make(kind, *one, advance) for one in things if (COT_OF in one[1].facts) == cots
                )

    async def _make(self, kind: Kind, key: Key, thing: Thing, advance: Callable[[], None]) -> None:
        body: dict[str, object] = {"code": key[-1], **thing.facts}
        if kind is not Kind.DEPARTMENT:
            body["department_id"] = self._ids[Kind.DEPARTMENT, key[:1]]
        if thing.room:
            body["room_id"] = self._ids[Kind.ROOM, (key[0], thing.room)]
        if COT_OF in thing.facts:
            body[COT_OF] = self._ids[Kind.BED, (key[0], str(thing.facts[COT_OF]))]
        try:
            made = await self._adding.do("POST", f"/v1/{kind}s", body, once="/".join((kind, *key)))
        except Refused as refusal:
            if refusal.code != _TAKEN:
                raise
            await self.look([key[0]])  # somebody was quicker; the next step needs its id
            self.found[kind] += 1
        else:
            self._ids[kind, key] = made["id"]
            self.written[kind] += 1
        advance()
