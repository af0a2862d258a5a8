"""A ward for each module, whose tests keep to departments of their own.

Its database is reached with the service's own role, and nothing happens by itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from beds.main import create_app
from beds.models import REFUSALS
from beds.settings import BedsSettings
from common.db import prepare_connection
from common.embedded import Postgres
from common.testing import at_rest, settings_for
from tests.beds.ward import Ward
from tests.support.databases import a_copy, migrated


@pytest.fixture(scope="session")
def beds_migrated(postgres: Postgres) -> str:
    """The database `beds`, with its tables."""
    return migrated(postgres, "beds")


@asynccontextmanager
async def a_ward(postgres: Postgres) -> AsyncIterator[Ward]:
    async with a_copy(postgres, "beds") as name:
        settings = settings_for(BedsSettings, postgres.url(name, "beds", "beds"))
        app = create_app(settings)
        async with (
            at_rest(app, settings, REFUSALS) as process,
            asyncpg.create_pool(postgres.url(name), min_size=0, max_size=4, init=prepare_connection) as admin,
        ):
            yield Ward(app, process.database, admin, postgres.url(name, "beds", "beds"))


@pytest.fixture(scope="module")
async def ward(postgres: Postgres, beds_migrated: str) -> AsyncIterator[Ward]:
    async with a_ward(postgres) as ward:
        yield ward
