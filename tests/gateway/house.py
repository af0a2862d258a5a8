"""A gateway in front of services that say what they are told, and the people who come to it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import pytest
from aiohttp import web
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from common.embedded import free_port
from common.settings import load
from gateway.main import gateway_app
from gateway.settings import GatewaySettings
from tools.stack.secrets import Secrets

PASSWORD = "a password for tests"
CLOSED = "http://127.0.0.1:1"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Asked:
    """One request as a service got it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers["Authorization"].removeprefix("Bearer ")


@dataclass
class Services:
    """All services at one address. `answers` are given by method and path, `asked` is what came."""

    url: str
    answers: dict[tuple[str, str], web.Response | Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(
            Asked(request.method, request.raw_path, dict(request.headers), await request.read())
        )
        answer = self.answers.get((request.method, request.path), {})
        if callable(answer):
            prepared: web.StreamResponse = await answer(request)
            return prepared
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="application/json")
        return web.Response(body=orjson.dumps(answer), content_type="application/json")


@asynccontextmanager
async def serving() -> AsyncIterator[Services]:
    port = free_port()
    services = Services(f"http://127.0.0.1:{port}")
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", services.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield services
    finally:
        await runner.cleanup()


@dataclass
class House:
    """A running gateway and its database."""

    app: FastAPI
    services: Services
    database: asyncpg.Pool[Any]
    environment: dict[str, str]
    clients: list[AsyncClient] = field(default_factory=list)

    def client(self, address: str = "127.0.0.1", **more: Any) -> AsyncClient:
        """Somebody at this address."""
        transport = ASGITransport(self.app, client=(address, 50_000))
        client = AsyncClient(transport=transport, **{"base_url": "http://wardline.test"} | more)
        self.clients.append(client)
        return client

    async def newcomer(self) -> Visitor:
        """Signed up and signed in, without any rights."""
        name = f"visitor{next(_numbers)}"
        client = self.client()
        signed_up = await client.post("/v1/users", json={"username": name, "password": PASSWORD})
        assert signed_up.status_code == 201, signed_up.text
        return await self.visitor(name)

    async def visitor(self, name: str) -> Visitor:
        """A new session of a user."""
        opened = await self.client().post("/v1/sessions", json={"username": name, "password": PASSWORD})
        assert opened.status_code == 201, opened.text
        content = opened.json()
        client = self.client(headers={"authorization": f"Bearer {content['token']}"})
        return Visitor(client, name, content["user"]["id"], content["session_id"], content["token"])

    async def admin(self) -> Visitor:
        """Granted behind the API's back, as the operator of the machine does."""
        visitor = await self.newcomer()
        await self.database.execute(
            "INSERT INTO user_grant (user_id, role, granted_at) VALUES ($1, 'admin', now())", visitor.id
        )
        return await self.visitor(visitor.name)

    async def events_of(self, key: str) -> list[tuple[str, dict[str, Any]]]:
        """What was put down about this aggregate: type and payload."""
        rows = await self.database.fetch(
            "SELECT type, value FROM outbox WHERE key = $1 ORDER BY position", key
        )
        return [(row["type"], orjson.loads(row["value"])) for row in rows]

    async def looks(self, happened: str) -> list[dict[str, Any]]:
        """The access events of one kind."""
        rows = await self.database.fetch(
            "SELECT value FROM outbox WHERE type = $1 ORDER BY position",
            f"hospital.gateway.access.{happened}.v1",
        )
        return [orjson.loads(row["value"]) for row in rows]


@dataclass(frozen=True)
class Visitor:
    """A session of somebody."""

    client: AsyncClient
    name: str
    id: str
    session_id: str
    token: str

    async def at(self, other: House) -> Response:
        """Shows the token at another gateway."""
        return await other.client().get("/v1/me", headers={"authorization": f"Bearer {self.token}"})


@asynccontextmanager
async def a_house(
    database_url: str, admin_url: str, secrets: Secrets, services: Services, **settings: str
) -> AsyncIterator[House]:
    """A gateway of its own. `settings` are environment variables without their prefix."""
    environment = {
        "GATEWAY_PORT": "0",
        "GATEWAY_DATABASE_URL": database_url,
        "GATEWAY_DATABASE_CONNECTIONS": "4",
        "GATEWAY_MASTER_KEYSET": secrets.keyset("gateway"),
        "GATEWAY_INDEX_KEY": secrets.key("gateway-index"),
        "GATEWAY_TOKEN_PRIVATE_KEY": secrets.token_private_key(),
        "GATEWAY_BEDS_URL": services.url,
        "GATEWAY_ADMISSIONS_URL": services.url,
        "GATEWAY_AUDIT_URL": services.url,
        "GATEWAY_SIGN_UPS_PER_MINUTE": "10000",
        "GATEWAY_SIGN_INS_REFUSED_PER_MINUTE": "10000",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "WARDLINE_TOKEN_PUBLIC_KEY": secrets.token_public_key(),
    } | {f"GATEWAY_{name}": value for name, value in settings.items()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        app = gateway_app(load(GatewaySettings))
    async with asyncpg.create_pool(admin_url, min_size=1, max_size=4) as pool:
        house = House(app, services, pool, environment)
        async with app.router.lifespan_context(app):
            yield house
            for client in house.clients:
                await client.aclose()
