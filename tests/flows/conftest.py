"""One hospital for all flows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from gateway.identity.first_admin import create_admin
from tests.support.collector import Collector, a_collector
from tests.support.hospital import PASSWORD, UNHURRIED, Hospital
from tools.stack.programs import PROGRAMS
from tools.stack.stack import Stack


@pytest_asyncio.fixture(scope="session")
async def collector() -> AsyncIterator[Collector]:
    """Where the hospital sends the spans of those requests whose caller asks for a trace."""
    async with a_collector() as collector:
        yield collector


@pytest_asyncio.fixture(scope="session")
async def hospital(scratch: Path, collector: Collector) -> AsyncIterator[Hospital]:
    """Every program as an installation has it; tests share it and keep to departments of their own."""
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    extra = {program.name: UNHURRIED.get(program.name, {}) | traced for program in PROGRAMS}
    stack = Stack(scratch / "hospital", durable=False, extra=extra)
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
