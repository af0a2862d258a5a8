"""What operators see of the admissions: whose want nobody has answered."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from admissions.main import create_app
from admissions.settings import AdmissionsSettings
from common.embedded import Postgres
from common.testing import client_for, living, settings_for
from tests.admissions.conftest import a_registry
from tests.admissions.registry import Registry
from tests.support.scraping import scraped

UNANSWERED = "wardline_unanswered_wants"


@pytest.fixture
async def own_registry(postgres: Postgres, admissions_migrated: str) -> AsyncIterator[Registry]:
    """One whose admissions are all this test's."""
    async with a_registry(postgres) as registry:
        yield registry


@pytest.fixture
async def operators(own_registry: Registry) -> AsyncIterator[httpx2.AsyncClient]:
    url = own_registry.settings.database_url.get_secret_value()
    app = create_app(settings_for(AdmissionsSettings, url))
    async with living(app), client_for(app, "admin") as client:
        yield client


async def test_a_want_that_beds_never_answers_is_told_after_half_a_minute(
    own_registry: Registry, operators: httpx2.AsyncClient
):
    admission = await own_registry.an_admission()
    now = await scraped(operators)
    assert now.value(UNANSWERED) == 0
    assert list(now.unconventional()) == []

    aged = "UPDATE admission SET changed_at = changed_at - interval '31 seconds' WHERE id = $1"
    await own_registry.admin.execute(aged, admission)

    assert (await scraped(operators)).value(UNANSWERED) == 1
