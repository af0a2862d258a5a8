"""A broker that only the log's tests use, since the log listens to every events topic; a database for each test."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from common.access import access_topic
from common.embedded import Kafka, Postgres
from common.migrations import upgrade
from tests.audit.log import Log, Ward, a_topic_name
from tools.stack.provision import migrator_url

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> Postgres:
    """The server, with the log's tables in the database `audit`."""
    upgrade("audit", migrator_url(postgres.url(), "migrator", "audit"))
    return postgres


@pytest.fixture(scope="package")
def backbone(scratch: Path) -> Iterator[Kafka]:
    broker = Kafka(scratch / "backbone")
    broker.start()
    yield broker
    broker.stop()
    broker.remove()


@pytest.fixture
async def log(migrated: Postgres, backbone: Kafka) -> AsyncIterator[Log]:
    name = f"audit_{next(_numbers)}"
    server = await asyncpg.connect(migrated.url())
    await server.execute(f"CREATE DATABASE {name} TEMPLATE audit OWNER audit_owner")
    async with asyncpg.create_pool(migrated.url(name), min_size=1, max_size=4) as admin:
        yield Log(migrated.url(name, "audit_writer", "audit_writer"), backbone.bootstrap, admin)
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.close()


@asynccontextmanager
async def a_ward(broker: Kafka, topic: str) -> AsyncIterator[Ward]:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
    await producer.start()
    ward = Ward(broker.bootstrap, topic, producer)
    await ward.create()
    yield ward
    await ward.delete()
    await producer.stop()


@pytest.fixture
async def ward(backbone: Kafka) -> AsyncIterator[Ward]:
    """A topic with one partition, and what sends to it."""
    async with a_ward(backbone, a_topic_name()) as ward:
        yield ward


@pytest.fixture
async def other_ward(backbone: Kafka) -> AsyncIterator[Ward]:
    async with a_ward(backbone, a_topic_name()) as ward:
        yield ward


@pytest.fixture
async def accesses(backbone: Kafka) -> AsyncIterator[Ward]:
    """The topic in which beds tells who read a person and who was refused."""
    async with a_ward(backbone, access_topic("beds").events) as ward:
        yield ward
