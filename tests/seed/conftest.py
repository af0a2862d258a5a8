"""One hospital, with an admin and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from gateway.identity.first_admin import create_admin
from tests.support.hospital import PASSWORD
from tools.stack.stack import Stack


@pytest_asyncio.fixture(scope="package")
async def empty_hospital(scratch: Path) -> AsyncIterator[Stack]:
    stack = Stack(scratch / "seeded", durable=False)
    await asyncio.to_thread(stack.start)
    try:
        await create_admin(stack.database_url("GATEWAY_DATABASE_URL"), "admin", PASSWORD)
        yield stack
    finally:
        await asyncio.to_thread(stack.stop)
        stack.infrastructure.postgres.remove()
        stack.infrastructure.kafka.remove()
