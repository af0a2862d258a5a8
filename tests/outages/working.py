"""Staff who work through an outage, as our clients do: a command is repeated with its key until it is answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from uuid import UUID, uuid4

from httpx2 import TransportError

from tests.outages.house import House
from tests.support.person import Person
from tests.support.waiting import eventually


@dataclass
class Work:
    """Beds that are blocked and unblocked without end. `done` are the acknowledged commands of each."""

    beds: Sequence[UUID]
    done: Counter[UUID] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    """Every other answer, by status and code."""

    async def goes_on(self, times: int = 1) -> None:
        """Every bed gets so many more acknowledged commands."""
        wanted = {bed: self.done[bed] + times for bed in self.beds}
        await eventually(lambda: all(self.done[bed] >= much for bed, much in wanted.items()), within=60)

    async def of(self, person: Person, bed: UUID, over: asyncio.Event) -> None:
        for act in cycle(("block", "unblock")):
            if over.is_set():
                return
            await self._insist(person, f"/v1/beds/{bed}/{act}")
            self.done[bed] += 1

    async def _insist(self, person: Person, path: str) -> None:
        body, key = {"reason_code": "repair"} if path.endswith("/block") else {}, str(uuid4())
        while True:
            try:
                answer = await person.ask("POST", path, body, key=key)
            except TransportError as error:  # the process in front of us was ended
                self.refused[type(error).__name__] += 1
            else:
                if answer.is_success:
                    return
                assert answer.headers["content-type"] == "application/problem+json", answer.text
                assert answer.status_code == 503, answer.text
                assert int(answer.headers["retry-after"]) >= 1
                self.refused[answer.json()["code"]] += 1
            await asyncio.sleep(0.05)  # stands for the second that Retry-After asks for


@asynccontextmanager
async def working(house: House, beds: int = 6) -> AsyncIterator[Work]:
    """One of the staff for each of so many beds; at the end every command that was begun has been acknowledged."""
    ward = await house.hospital.a_department(beds=beds)
    work, over = Work(ward.beds), asyncio.Event()
    staff = [house.hospital.another_device(house.hospital.bed_manager) for _ in ward.beds]
    async with asyncio.TaskGroup() as tasks:
        for person, bed in zip(staff, ward.beds, strict=True):
            tasks.create_task(work.of(person, bed, over))
        try:
            yield work
        finally:
            over.set()
