"""Two gateways on one database, under load: what ends at one is over at the other within a second, and not later."""

import asyncio
import base64
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import orjson
import pytest
from httpx2 import AsyncClient, ConnectError

from common.embedded import free_port
from tests.gateway.conftest import OpenHouse
from tests.gateway.house import House, Services, Visitor
from tests.support.children import a_child
from tests.support.waiting import eventually

EVERYWHERE = 1.0
"""Seconds after the answer, from which on no gateway may act on what was before (architecture, *Identity*)."""
Answered = tuple[float, int, str]
"""When a request was sent, its status, its path."""


@pytest.fixture
async def gateways(
    opening: OpenHouse, fresh_database: str, services: Services
) -> AsyncIterator[tuple[House, list[AsyncClient]]]:
    """A house for those who decide, and two processes of the gateway."""
    async with opening(fresh_database, services) as house, AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            port = free_port()
            await stack.enter_async_context(
                a_child("gateway.main", env=house.environment | {"GATEWAY_PORT": str(port)})
            )
            client = AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
            clients.append(await stack.enter_async_context(client))
        for client in clients:
            await eventually(partial(_is_ready, client), within=60)
        yield house, clients


async def _is_ready(client: AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except ConnectError:
        return False


class Load:
    """Everybody asks at every gateway, one request after the other, until it is stopped."""

    def __init__(self, clients: list[AsyncClient], visitors: list[Visitor]) -> None:
        everybody = itertools.product(range(len(clients)), visitors)
        self.answered: dict[tuple[int, str], list[Answered]] = {(n, one.id): [] for n, one in everybody}
        self._over = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._ask(number, client, visitor))
            for number, client in enumerate(clients)
            for visitor in visitors
        ]

    async def _ask(self, number: int, client: AsyncClient, visitor: Visitor) -> None:
        told = self.answered[(number, visitor.id)]
        bearer = {"authorization": f"Bearer {visitor.token}"}
        while not self._over.is_set():
            path, sent = f"/v1/beds/{number}-{visitor.name}-{len(told)}", time.monotonic()
            told.append((sent, (await client.get(path, headers=bearer)).status_code, path))

    async def reaches(self, moment: float) -> None:
        """Everybody has been answered, everywhere, to something sent after that moment."""
        await eventually(
            lambda: all(told and told[-1][0] > moment for told in self.answered.values()), within=60
        )

    async def stop(self) -> None:
        self._over.set()
        await asyncio.gather(*self._tasks)


def _grants(services: Services) -> dict[str, list[dict[str, object]]]:
    """By path, what the token that a service got says of the caller's rights."""
    granted = {}
    for asked in services.asked:
        payload = asked.token.split(".")[1]
        granted[asked.path] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))[
            "grants"
        ]
    return granted


async def test_under_load_the_second_holds_at_every_gateway(
    gateways: tuple[House, list[AsyncClient]], services: Services
):
    """Sessions are ended, grants replaced and a user deactivated at the first while all ask at both."""
    house, clients = gateways
    admin = await house.admin()
    visitors = [await house.newcomer() for _ in range(6)]
    ended, gone, changed = visitors[:2], visitors[2:4], visitors[4:]
    load = Load(clients, visitors)
    await load.reaches(time.monotonic())

    bearer = {"authorization": f"Bearer {admin.token}"}
    decided: dict[str, float] = {}
    nurse = [{"role": "nurse", "departments": None}]
    for visitor in visitors:
        path = f"/v1/users/{visitor.id}"
        if visitor in ended:
            path = f"/v1/sessions/{visitor.session_id}"
            answer = await clients[0].delete(path, headers=bearer)
        elif visitor in gone:
            answer = await clients[0].patch(path, json={"active": False}, headers=bearer)
        else:
            answer = await clients[0].put(f"{path}/grants", json={"grants": nurse}, headers=bearer)
        assert answer.is_success, answer.text
        decided[visitor.id] = time.monotonic()
    await load.reaches(max(decided.values()) + EVERYWHERE)
    await load.stop()

    granted = _grants(services)
    for number, grace in ((0, 0.0), (1, EVERYWHERE)):  # where it was decided it holds at once
        for visitor in visitors:
            told = load.answered[(number, visitor.id)]
            since = decided[visitor.id] + grace
            later = [(status, path) for sent, status, path in told if sent >= since]
            assert later
            assert told[0][1] == 200
            if visitor in changed:
                assert {str(granted[path]) for _, path in later} == {str(nurse)}
            else:
                assert {status for status, _ in later} == {401}
