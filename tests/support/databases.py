"""A database for each test: a copy of the service's own as the migrations leave it."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from common.embedded import Postgres
from common.migrations import upgrade
from tools.stack.provision import migrator_url

_numbers = itertools.count(1)


def migrated(postgres: Postgres, service: str) -> str:
    """The name of the service's database, with its tables. Not to be called inside a running event loop."""
    upgrade(service, migrator_url(postgres.url(), "migrator", service))
    return service


@asynccontextmanager
async def a_copy(postgres: Postgres, service: str) -> AsyncIterator[str]:
    """The name of a database like the service's, for one test alone."""
    name = f"{service}_{next(_numbers)}"
    server = await asyncpg.connect(postgres.url())
    try:
        await server.execute(f"CREATE DATABASE {name} TEMPLATE {service} OWNER {service}_owner")
        yield name
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await server.close()
