"""One hospital for all outages: every program runs twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.identity.first_admin import create_admin
from tests.outages.house import REPLICAS, House
from tests.support.balancing import balancing
from tests.support.hospital import PASSWORD, UNHURRIED, Hospital
from tools.stack.programs import PROGRAMS, SERVICES
from tools.stack.stack import Stack

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(400))  # processes end and start again, on any machine


@pytest_asyncio.fixture(scope="package")
async def house(scratch: Path) -> AsyncIterator[House]:
    async with AsyncExitStack() as opened:
        balancers = {program.name: await opened.enter_async_context(balancing()) for program in PROGRAMS}
        ways = {f"GATEWAY_{service.name.upper()}_URL": balancers[service.name].url for service in SERVICES}
        stack = Stack(
            scratch / "outages",
            durable=False,
            replicas=REPLICAS,
            extra={"gateway": UNHURRIED["gateway"] | ways},
        )
        hospital = Hospital(stack, entrance=balancers["gateway"].url)
        house = House(hospital, stack, balancers)
        for program, balancer in balancers.items():
            balancer.backends = [house.process(name).port for name in house.replicas(program)]
        try:
            await asyncio.to_thread(stack.start)
            await create_admin(stack.database_url("GATEWAY_DATABASE_URL"), "admin", PASSWORD)
            await hospital.open("admin", PASSWORD)
            yield house
            await hospital.close()
        finally:
            await asyncio.to_thread(stack.stop)
            stack.infrastructure.postgres.remove()
            stack.infrastructure.kafka.remove()
