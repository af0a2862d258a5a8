"""A hospital whose topics anybody may write to."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from gateway.identity.first_admin import create_admin
from tests.support.hospital import PASSWORD, UNHURRIED, Hospital
from tools.stack.stack import Stack


@pytest_asyncio.fixture(scope="session")
async def hospital(scratch: Path) -> AsyncIterator[Hospital]:
    stack = Stack(scratch / "bad_records", durable=False, extra=UNHURRIED)
    await asyncio.to_thread(stack.start)
    hospital = Hospital(stack)
    try:
        await create_admin(stack.database_url("GATEWAY_DATABASE_URL"), "admin", PASSWORD)
        await hospital.open("admin", PASSWORD)
        yield hospital
        await hospital.close()
    finally:
        await asyncio.to_thread(stack.stop)
        stack.infrastructure.postgres.remove()
        stack.infrastructure.kafka.remove()
