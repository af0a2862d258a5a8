"""A hospital whose every program runs twice behind a load balancer, and what is done to its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from httpx2 import AsyncClient

from tests.support.balancing import Balancer
from tests.support.hospital import Hospital
from tests.support.person import Json
from tests.support.scraping import Scraped, scraped
from tests.support.waiting import eventually
from tools.stack.programs import PROGRAMS, SERVICES
from tools.stack.service import Service
from tools.stack.stack import Stack

REPLICAS = 2


@dataclass
class House:
    """`balancers` are in front of the replicas of each program, by its name."""

    hospital: Hospital
    stack: Stack
    balancers: Mapping[str, Balancer]

    @property
    def bootstrap(self) -> str:
        return self.stack.infrastructure.bootstrap

    @property
    def all_replicas(self) -> list[str]:
        return [name for program in PROGRAMS for name in program.replicas(REPLICAS)]

    @property
    def services(self) -> list[str]:
        return [name for program in SERVICES for name in program.replicas(REPLICAS)]

    def replicas(self, program: str) -> list[str]:
        return [program, f"{program}-2"]

    def twin(self, name: str) -> str:
        """The other replica."""
        return name.removesuffix("-2") if name.endswith("-2") else f"{name}-2"

    def process(self, name: str) -> Service:
        process = self.stack.process(name)
        assert isinstance(process, Service)
        return process

    async def stop(self, *names: str) -> None:
        await asyncio.gather(*(asyncio.to_thread(self.stack.stop_process, name) for name in names))

    async def start(self, *names: str) -> None:
        await asyncio.gather(*(asyncio.to_thread(self.stack.start_process, name) for name in names))

    async def health(self, name: str, what: str = "ready") -> tuple[int, Json]:
        async with AsyncClient(base_url=self.stack.url(name), timeout=30, trust_env=False) as client:
            answer = await client.get(f"/health/{what}")
            return answer.status_code, answer.json()

    async def are_all(self, state: str, *names: str) -> None:
        """Each says that it is ready and in this state."""

        async def said() -> bool:
            answers = await asyncio.gather(*(self.health(name) for name in names))
            return all((status, health["state"]) == (200, state) for status, health in answers)

        await eventually(said, within=60, every=0.2)

    async def active(self, program: str) -> str:
        """The replica whose relay publishes, once it is exactly one of those that run."""

        async def one() -> str | None:
            running = [name for name in self.replicas(program) if self.process(name).alive()]
            details = await asyncio.gather(*(self.health(name, "details") for name in running))
            found = [
                name for name, (_, said) in zip(running, details, strict=True) if said.get("relay_active")
            ]
            return found[0] if len(found) == 1 else None

        name: str = await eventually(one, within=30, every=0.2)
        return name

    async def scrape(self, name: str) -> Scraped:
        async with AsyncClient(base_url=self.stack.url(name), timeout=30, trust_env=False) as client:
            return await scraped(client)

    async def is_published(self, *programs: str) -> None:
        """Nothing waits in the outboxes of these any more."""

        async def empty() -> bool:
            running = [(self.process(p).alive() and p) or self.twin(p) for p in programs]
            details = await asyncio.gather(*(self.health(name, "details") for name in running))
            return all(said["outbox"]["waiting"] == 0 for _, said in details)

        await eventually(empty, within=60, every=0.2)
