"""Toy services: one that is shared by all tests whose keys never meet, and others of a test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog

from common.embedded import Kafka, Postgres
from common.topics import create_topics
from tests.common import toy as toys
from tests.common.toy import Toy


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


@pytest.fixture(scope="session")
async def toy(postgres: Postgres, template: str) -> AsyncIterator[Toy]:
    """The shared one, without topics and relay."""
    async with toys.a_toy(postgres, template) as shared:
        yield shared


@pytest.fixture
async def fresh(postgres: Postgres, template: str) -> AsyncIterator[Toy]:
    """One whose database this test has for itself."""
    async with toys.a_toy(postgres, template) as own:
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
