"""One PostgreSQL and one Kafka for the whole run, with every service's database and roles and no tables yet."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from common.embedded import Kafka, Postgres
from tools.stack.programs import PROGRAMS
from tools.stack.provision import Login, provision


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, unlike pytest's own."""
    with TemporaryDirectory(prefix="wardline-tests-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[Postgres]:
    """The server; the password of every role is the role's name."""
    server = Postgres(scratch / "postgres", password="postgres", durable=False)
    server.start()
    logins = [Login(role, role, program.name) for program in PROGRAMS for role in program.logins.values()]
    asyncio.run(provision(server.url(), logins, migrator_password="migrator"))
    yield server
    server.stop()
    server.remove()


@pytest.fixture(scope="session")
def kafka(scratch: Path) -> Iterator[Kafka]:
    """The broker; topics are the tests' own affair."""
    broker = Kafka(scratch / "kafka")
    broker.start()
    yield broker
    broker.stop()
    broker.remove()
