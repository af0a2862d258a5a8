"""Toy services: one that is shared by all tests whose keys never meet, and others of a test's own."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import structlog

from common.embedded import Kafka, Postgres
from common.topics import create_topics
from tests.common import toy as toys
from tests.common.toy import Toy

_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """As they come, without the framed tracebacks that take seconds to draw."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer(key_order=["event"])])


@pytest.fixture(scope="session")
async def template(postgres: Postgres) -> str:
    server = await asyncpg.connect(postgres.url())
    await toys.make_template(server, postgres.url)
    await server.close()
    return toys.TEMPLATE


@asynccontextmanager
async def a_toy(postgres: Postgres, template: str) -> AsyncIterator[Toy]:
    service = f"toy{next(_numbers)}"
    server = await asyncpg.connect(postgres.url())
    await server.execute(f"CREATE DATABASE {service} TEMPLATE {template} OWNER {toys.OWNER}")
    url = postgres.url(service, toys.ROLE, toys.ROLE)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.close)
        stack.push_async_callback(server.execute, f"DROP DATABASE {service} WITH (FORCE)")
        database = await stack.enter_async_context(toys.opened(url))
        yield Toy(service, url, postgres.url(service), database)


@pytest.fixture(scope="session")
async def toy(postgres: Postgres, template: str) -> AsyncIterator[Toy]:
    """The shared one, without topics and relay."""
    async with a_toy(postgres, template) as shared:
        yield shared


@pytest.fixture
async def fresh(postgres: Postgres, template: str) -> AsyncIterator[Toy]:
    """One whose database this test has for itself."""
    async with a_toy(postgres, template) as own:
        yield own


@pytest.fixture
async def told(fresh: Toy, kafka: Kafka) -> Toy:
    """One of this test's own, with its topics."""
    await create_topics(kafka.bootstrap, [fresh.topic], partitions=3, replication=1)
    return fresh


@pytest.fixture(scope="session")
def fragile(scratch: Path) -> Iterator[Kafka]:
    """A broker that may be frozen and killed; whoever does so leaves it alive."""
    broker = Kafka(scratch / "fragile-kafka")
    broker.start()
    yield broker
    broker.stop()
    broker.remove()


@pytest.fixture
async def fragile_told(fresh: Toy, fragile: Kafka) -> Toy:
    """One of this test's own, with its topics on the broker that breaks."""
    await create_topics(fragile.bootstrap, [fresh.topic], partitions=3, replication=1)
    return fresh
