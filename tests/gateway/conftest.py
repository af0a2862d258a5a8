"""One gateway that most tests share, and others with a database or settings of their own."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from common.embedded import Postgres
from common.migrations import upgrade
from tests.gateway.house import House, Services, a_house, serving
from tools.stack.provision import migrator_url
from tools.stack.secrets import Secrets

_numbers = itertools.count(1)
OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> Postgres:
    """The server, with the gateway's tables in the database `gateway`, which nobody connects to."""
    upgrade("gateway", migrator_url(postgres.url(), "migrator", "gateway"))
    return postgres


@pytest.fixture(scope="session")
def secrets(scratch: Path) -> Secrets:
    return Secrets(scratch / "gateway-secrets")


@pytest.fixture(scope="session")
async def shared_database(migrated: Postgres) -> str:
    return await _a_database(migrated)


@pytest.fixture
async def fresh_database(migrated: Postgres) -> str:
    return await _a_database(migrated)


async def _a_database(server: Postgres) -> str:
    name = f"gateway_{next(_numbers)}"
    admin = await asyncpg.connect(server.url())
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE gateway OWNER gateway_owner")
    await admin.close()
    return name


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    async with serving() as services:
        yield services


@pytest.fixture(scope="session")
def opening(migrated: Postgres, secrets: Secrets) -> OpenHouse:
    """Opens a gateway: `opening(database, services, SETTING="value")`."""

    def opens(database: str, services: Services, **settings: str) -> AbstractAsyncContextManager[House]:
        role_url = migrated.url(database, "gateway", "gateway")
        return a_house(role_url, migrated.url(database), secrets, services, **settings)

    return opens


@pytest.fixture
async def house(opening: OpenHouse, shared_database: str, services: Services) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(opening(shared_database, services))
