"""Health of a process: live (the loop turns), startup, ready (the database answers), details for operators."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Response

from common import dead_letters
from common.db import Database
from common.outbox import UNPUBLISHED
from common.problems import DATABASE_AWAY, problem
from common.statements import Statement

PROBE_SECONDS = 2.0
DEGRADED_OUTBOX_SECONDS = 10.0
_PING = Statement(sa.select(sa.literal_column("1")))


@dataclass
class Health:
    """What a process can say of itself. It has started when its copies have caught up."""

    service: str
    version: str
    database: Database
    has_started: Callable[[], bool]
    details: dict[str, Callable[[], Awaitable[Any]]] = field(default_factory=dict)

    async def report(self) -> dict[str, Any]:
        """Raises what the database raises when it is away."""
        outbox = await self.database.read.first(UNPUBLISHED)
        assert outbox is not None
        found = {name: await _tried(ask) for name, ask in self.details.items()}
        degraded = outbox["age_s"] > DEGRADED_OUTBOX_SECONDS or any(value is None for value in found.values())
        return {
            "service": self.service,
            "version": self.version,
            "state": "degraded" if degraded else "ok",
            "outbox": {"waiting": outbox["waiting"], "age_s": round(outbox["age_s"], 1)},
            "dead_letters": await self.database.read.value(dead_letters.COUNT),
            **found,
        }


async def _tried(ask: Callable[[], Awaitable[Any]]) -> Any:
    """What was asked for, or None when Kafka does not answer: that is degraded, not unready."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await ask()
    except (TimeoutError, KafkaError, OSError):
        return None


def health_routes(health: Health) -> APIRouter:
    """For loopback or the operators' network; not part of the public API."""
    router = APIRouter(prefix="/health", include_in_schema=False)

    @router.get("/live")
    async def live() -> Response:
        return _json({"state": "ok"})

    @router.get("/startup")
    async def startup() -> Response:
        if health.has_started():
            return _json({"state": "ok"})
        return problem(503, "starting", "This service is still catching up with what the others published.")

    @router.get("/ready")
    async def ready() -> Response:
        if not health.has_started():
            return await startup()
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await health.database.read.value(_PING)
            report = await health.report()
        except DATABASE_AWAY:
            return problem(503, "unavailable", "The database does not answer.")
        return _json({"state": report["state"]})

    @router.get("/details")
    async def details() -> Response:
        try:
            return _json(await health.report())
        except DATABASE_AWAY:
            return problem(503, "unavailable", "The database does not answer.")

    return router


def _json(content: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
