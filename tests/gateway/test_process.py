"""The gateway as a process of its own, on real Kafka."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient, ConnectError

from common.embedded import Kafka, Postgres, free_port
from tests.gateway.conftest import OpenHouse
from tests.gateway.house import PASSWORD, House, Services
from tests.support.children import Child, a_child
from tests.support.reading import everything_in, header
from tests.support.waiting import eventually


@pytest.fixture
async def served(
    opening: OpenHouse, fresh_database: str, services: Services, kafka: Kafka
) -> AsyncIterator[tuple[House, Child, str]]:
    """A house and, beside it on the same database, `python -m gateway.main`."""
    port = free_port()
    async with opening(fresh_database, services) as house:
        kafka_variables = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "KAFKA_PARTITIONS": "3",
            "KAFKA_REPLICATION": "1",
        }
        environment = house.environment | kafka_variables | {"GATEWAY_PORT": str(port)}
        async with a_child("gateway.main", env=environment) as child:
            url = f"http://127.0.0.1:{port}"

            async def ready() -> bool:
                try:
                    async with AsyncClient() as client:
                        return (await client.get(f"{url}/health/ready")).status_code == 200
                except ConnectError:
                    return False

            await eventually(ready, within=30)
            yield house, child, url


async def test_it_serves_limits_and_publishes(served: tuple[House, Child, str], kafka: Kafka):
    house, child, url = served
    async with AsyncClient(base_url=url) as client:
        signed_up = await client.post("/v1/users", json={"username": "real.one", "password": PASSWORD})
        user_id = signed_up.json()["id"]
        opened = await client.post("/v1/sessions", json={"username": "real.one", "password": PASSWORD})
        bearer = {"authorization": f"Bearer {opened.json()['token']}"}
        assert (await client.get("/v1/beds", headers=bearer)).json() == {}
        assert (await client.get("/v1/beds", headers=bearer | {"x-long": "x" * 70_000})).status_code == 431

    async def published() -> bool:
        waiting = await house.database.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")
        return bool(waiting == 0)

    await eventually(published, within=30)
    records = await everything_in(kafka.bootstrap, "hospital.gateway.user.events.v1")
    (record,) = [record for record in records if header(record, "ce_partitionkey") == user_id]
    assert header(record, "ce_type") == "hospital.gateway.user.signed_up.v1"
    assert "real.one" not in str(record.value())
    assert not any("real.one" in line or PASSWORD in line for line in child.lines)
    assert opened.json()["token"] not in "".join(child.lines)


def test_a_missing_setting_is_named(postgres: Postgres):
    async def say() -> list[str]:
        async with a_child("gateway.main", env={"GATEWAY_PORT": "1"}) as child:
            await child.said("GATEWAY_TOKEN_PRIVATE_KEY")
            return child.lines

    (line,) = asyncio.run(say())
    assert "GATEWAY_BEDS_URL" in line
