"""One hospital for all flows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.collector import Collector, a_collector
from tests.support.hospital import UNHURRIED, Hospital, a_hospital
from tools.stack.programs import PROGRAMS


@pytest_asyncio.fixture(scope="package")
async def collector() -> AsyncIterator[Collector]:
    """Where the hospital sends the spans of those requests whose caller asks for a trace."""
    async with a_collector() as collector:
        yield collector


@pytest_asyncio.fixture(scope="package")
async def hospital(scratch: Path, collector: Collector) -> AsyncIterator[Hospital]:
    """Every program as an installation has it; tests share it and keep to departments of their own."""
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    extra = {program.name: UNHURRIED.get(program.name, {}) | traced for program in PROGRAMS}
    async with a_hospital(scratch / "hospital", extra) as hospital:
        yield hospital
