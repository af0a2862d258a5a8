"""What operators see of the beds: how many are in each state."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from beds.domain.bed import BedState
from beds.main import create_app
from beds.settings import BedsSettings
from common.embedded import Postgres
from common.testing import client_for, living, settings_for
from tests.beds.conftest import a_ward
from tests.beds.ward import Ward
from tests.support.scraping import scraped


@pytest.fixture
async def own_ward(postgres: Postgres, beds_migrated: str) -> AsyncIterator[Ward]:
    """One whose beds are all this test's."""
    async with a_ward(postgres) as ward:
        yield ward


@pytest.fixture
async def operators(own_ward: Ward) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(settings_for(BedsSettings, own_ward.url))
    async with living(app), client_for(app, "bed_manager") as client:
        yield client


async def test_beds_are_counted_by_their_state(own_ward: Ward, operators: httpx2.AsyncClient):
    async def counted() -> dict[BedState, float]:
        now = await scraped(operators)
        assert list(now.unconventional()) == []
        return {state: now.value("wardline_beds", state=state) for state in BedState}

    none = dict.fromkeys(BedState, 0.0)
    assert await counted() == none

    department = await own_ward.a_department()
    for state in (BedState.AVAILABLE, BedState.OCCUPIED, BedState.OCCUPIED):
        await own_ward.a_bed(department, state)
    assert await counted() == none | {BedState.AVAILABLE: 1, BedState.OCCUPIED: 2}


async def test_routes_are_told_by_their_template(own_ward: Ward, operators: httpx2.AsyncClient):
    bed = await own_ward.a_bed()

    assert UUID((await operators.get(f"/v1/beds/{bed}")).json()["id"]) == bed

    requests = "http_server_request_duration_seconds_count"
    assert (await scraped(operators)).value(requests, http_route="/v1/beds/{bed_id}") == 1
