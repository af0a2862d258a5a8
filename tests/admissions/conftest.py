"""A registry for each module, whose tests keep to patients of their own.

Its database is reached with the service's own role, and nothing is heard by itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from admissions.main import create_app
from admissions.models import REFUSALS
from admissions.settings import AdmissionsSettings
from common.db import prepare_connection
from common.embedded import Postgres
from common.testing import at_rest, settings_for
from tests.admissions.registry import Registry
from tests.support.databases import a_copy, migrated


@pytest.fixture(scope="session")
def admissions_migrated(postgres: Postgres) -> str:
    """The database `admissions`, with its tables."""
    return migrated(postgres, "admissions")


@asynccontextmanager
async def a_registry(postgres: Postgres) -> AsyncIterator[Registry]:
    async with a_copy(postgres, "admissions") as name:
        settings = settings_for(AdmissionsSettings, postgres.url(name, "admissions", "admissions"))
        app = create_app(settings)
        async with (
            at_rest(app, settings, REFUSALS) as process,
            asyncpg.create_pool(postgres.url(name), min_size=0, max_size=4, init=prepare_connection) as admin,
        ):
            yield Registry(app, settings, process, admin)


@pytest.fixture(scope="module")
async def registry(postgres: Postgres, admissions_migrated: str) -> AsyncIterator[Registry]:
    async with a_registry(postgres) as registry:
        yield registry
