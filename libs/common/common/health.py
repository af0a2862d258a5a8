"""Health of a process: live (the loop turns), startup, ready (the database answers), details and metrics."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request, Response
from prometheus_client.metrics_core import Metric

from common import dead_letters
from common.clock import rfc3339, utc_now
from common.db import Database
from common.metrics import Gauge, Metrics, Reading, gauge, info, one_of
from common.outbox import UNPUBLISHED
from common.problems import DATABASE_AWAY, problem
from common.statements import Statement

PROBE_SECONDS = 2.0
DEGRADED_OUTBOX_SECONDS = 10.0
STATES = ("ok", "degraded", "starting", "unavailable")
_PING = Statement(sa.select(sa.literal_column("1")))


@dataclass(frozen=True, slots=True)
class Report:
    """What a process says of itself at one moment. `readings` are those of its gauges, by name."""

    state: str
    waiting: int
    outbox_age: float
    dead_letters: int
    readings: Mapping[str, Reading]


@dataclass
class Health:
    """What a process can say of itself. It has started when its copies have caught up."""

    service: str
    version: str
    database: Database
    has_started: Callable[[], bool]
    gauges: Sequence[Gauge]
    metrics: Metrics
    since: str = field(default_factory=lambda: rfc3339(utc_now()))

    async def report(self) -> Report:
        """Raises what the database raises when it is away, or does not answer in time."""
        async with asyncio.timeout(2 * PROBE_SECONDS):
            return await self._report()

    async def _report(self) -> Report:
        outbox = await self.database.read.first(UNPUBLISHED)
        assert outbox is not None
        asked = await asyncio.gather(*map(_tried, self.gauges))
        readings = {of.name: reading for of, reading in zip(self.gauges, asked, strict=True)}
        degraded = outbox["age_s"] > DEGRADED_OUTBOX_SECONDS or any(
            of.is_bad(readings[of.name]) for of in self.gauges
        )
        return Report(
            state="degraded" if degraded else "ok" if self.has_started() else "starting",
            waiting=outbox["waiting"],
            outbox_age=outbox["age_s"],
            dead_letters=await self.database.read.value(dead_letters.COUNT),
            readings=readings,
        )

    def details(self, report: Report) -> dict[str, Any]:
        """For people and for `wardline status`."""
        return {
            "service": self.service,
            "version": self.version,
            "since": self.since,
            "state": report.state,
            "outbox": {"waiting": report.waiting, "age_s": round(report.outbox_age, 1)},
            "dead_letters": report.dead_letters,
            **report.readings,
        }

    async def families(self) -> Sequence[Metric]:
        """For `/metrics`: the same report. Without the database only what needs none."""
        try:
            report = await self.report()
        except DATABASE_AWAY:
            return list(self._about("unavailable"))
        return [*self._about(report.state), *self._told(report)]

    def _about(self, state: str) -> Iterator[Metric]:
        yield info(
            "wardline_build_info", "Which program this is.", service=self.service, version=self.version
        )
        yield one_of("wardline_health_state", "1 for the state that it is in.", "state", STATES, state)

    def _told(self, report: Report) -> Iterator[Metric]:
        for metric, meaning, value in (
            ("wardline_outbox_depth_events", "Events that wait to be published.", report.waiting),
            ("wardline_outbox_age_seconds", "How long the oldest of them has waited.", report.outbox_age),
            ("wardline_dead_letters", "Records that could never be applied.", report.dead_letters),
        ):
            yield gauge(metric, meaning, value)
        for asked in self.gauges:
            yield asked.family(report.readings[asked.name])


async def _tried(wanted: Gauge) -> Reading:
    """What was asked for, or None when Kafka does not answer: that is degraded, not unready."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await wanted.ask()
    except (TimeoutError, KafkaError, OSError):
        return None


def health_routes(health: Health) -> APIRouter:
    """For loopback or the operators' network; not part of the public API."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> Response:
        return _json({"state": "ok"})

    @router.get("/health/startup")
    async def startup() -> Response:
        if health.has_started():
            return _json({"state": "ok"})
        return problem(503, "starting", "This service is still catching up with what the others published.")

    @router.get("/health/ready")
    async def ready() -> Response:
        if not health.has_started():
            return await startup()
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await health.database.read.value(_PING)
            report = await health.report()
        except DATABASE_AWAY:
            return problem(503, "unavailable", "The database does not answer.")
        return _json({"state": report.state})

    @router.get("/health/details")
    async def details() -> Response:
        try:
            return _json(health.details(await health.report()))
        except DATABASE_AWAY:
            return problem(503, "unavailable", "The database does not answer.")

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        families = await health.families()
        text, media_type = health.metrics.exposition(families, request.headers.get("accept", ""))
        return Response(text, headers={"content-type": media_type})

    return router


def _json(content: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
