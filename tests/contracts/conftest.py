"""The consumers at rest. The examples are about the same few ids, so each test begins with nothing."""

from collections.abc import AsyncIterator

import pytest

from common.embedded import Postgres
from tests.admissions.conftest import a_registry
from tests.admissions.registry import Registry
from tests.beds.conftest import a_ward
from tests.beds.ward import Ward
from tests.support.databases import migrated


@pytest.fixture(scope="session")
def migrated_consumers(postgres: Postgres) -> list[str]:
    return [migrated(postgres, service) for service in ("beds", "admissions")]


@pytest.fixture(scope="module")
async def shared_ward(postgres: Postgres, migrated_consumers: list[str]) -> AsyncIterator[Ward]:
    async with a_ward(postgres) as ward:
        yield ward


@pytest.fixture(scope="module")
async def shared_registry(postgres: Postgres, migrated_consumers: list[str]) -> AsyncIterator[Registry]:
    async with a_registry(postgres) as registry:
        yield registry


@pytest.fixture
async def ward(shared_ward: Ward) -> Ward:
    """Nothing of the examples has happened in it."""
    await shared_ward.admin.execute("TRUNCATE placement CASCADE")
    return shared_ward


@pytest.fixture
async def registry(shared_registry: Registry) -> Registry:
    """Nothing of the examples has happened in it."""
    await shared_registry.admin.execute("TRUNCATE patient, heard_placement, known_department CASCADE")
    return shared_registry
