"""A look is told before it is answered, also when the power fails between the two: killed there, on real Kafka."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from common.auth import Caller
from common.embedded import Kafka, free_port
from common.testing.callers import a_caller, token_for
from tests.admissions.registry import Registry
from tests.support.children import Child, a_child
from tests.support.waiting import eventually


@asynccontextmanager
async def dying(registry: Registry, kafka: Kafka, failpoint: str) -> AsyncIterator[tuple[Child, str]]:
    """`python -m admissions.main` on the registry's database, which dies at this fail point; and its address."""
    settings, port = registry.settings, free_port()
    environment = {
        "ADMISSIONS_PORT": str(port),
        "ADMISSIONS_DATABASE_URL": settings.database_url.get_secret_value(),
        "ADMISSIONS_MASTER_KEYSET": settings.master_keyset.get_secret_value(),
        "ADMISSIONS_INDEX_KEY": "aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk=",
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "KAFKA_PARTITIONS": "1",
        "KAFKA_REPLICATION": "1",
        "WARDLINE_TOKEN_PUBLIC_KEY": settings.token_public_key,
        "WARDLINE_FAILPOINT": failpoint,
    }
    async with a_child("admissions.main", env=environment) as child, httpx2.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}"

        async def ready() -> bool:
            try:
                return (await client.get(f"{url}/health/ready")).status_code == 200
            except httpx2.ConnectError:
                return False

        await eventually(ready, within=60)
        yield child, url


async def ask(url: str, caller: Caller, path: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token_for(caller, 'admissions')}"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("failpoint", "role", "happened", "told"),
    [
        ("access.before_commit", "nurse", "person_read", 0),
        ("access.after_commit", "nurse", "person_read", 1),
        ("access.after_commit", "housekeeping", "refused", 1),
    ],
)
async def test_whoever_was_answered_has_been_told(
    registry: Registry, kafka: Kafka, failpoint: str, role: str, happened: str, told: int
):
    """Dead after the commit: the event without its answer. Dead before it: neither. Never the answer alone."""
    patient, caller = await registry.a_patient(), a_caller(role)
    async with dying(registry, kafka, f"{failpoint}:1") as (child, url):
        with pytest.raises(httpx2.TransportError):
            await ask(url, caller, f"/v1/patients/{patient}")
        await eventually(lambda: child.is_dead)
    looks = [
        look for look in await registry.accesses(happened) if look["session_id"] == str(caller.session_id)
    ]
    assert [look["subjects"] for look in looks] == [[str(patient)]] * told
