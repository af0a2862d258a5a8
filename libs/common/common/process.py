"""A service's process, put together from its rooms: database, relay, consumer, timers, health and HTTP application."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any
from uuid import UUID

import structlog
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.middleware import Middleware

from common import failpoints, housekeeping, tracing
from common.access import Looks, record_refusal
from common.applying import Applying, Effects
from common.auth import Verifier
from common.consuming import Consuming
from common.crypto import MasterKeys
from common.db import Database, Refusals, database
from common.envelope import Fact
from common.errors import Forbidden
from common.health import Health, health_routes
from common.ids import age_of
from common.metrics import Gauge, Metrics
from common.middleware import BodyLimit, RequestTrail
from common.problems import answer_with_problems, problem_codes, refused
from common.relay import Relay
from common.replaying import Replaying
from common.settings import ServiceSettings
from common.signals import Signals
from common.timers import Timer, run_all
from common.topics import Topic, create_topics, takes_connections
from common.waiting import Waiters

log = structlog.get_logger()

MAX_BODY_BYTES = 1024 * 1024
STOP_SECONDS = 5.0
PUBLISHED_WITHIN_SECONDS = 5.0
"""What was committed longer ago than this is in Kafka, unless Kafka is away."""


@dataclass
class Process:
    """What the rooms of a service get from their process while it runs."""

    settings: ServiceSettings
    database: Database
    keys: MasterKeys
    waiters: Waiters = field(default_factory=Waiters)
    looks: Looks = field(default_factory=Looks)
    consuming: Consuming | None = None
    gauges: list[Gauge] = field(default_factory=list)
    """What operators are told in `/health/details` and `/metrics` beside what every process tells."""

    def is_caught_up(self) -> bool:
        """The copies have reached the ends that the topics had at the start."""
        return self.consuming is None or self.consuming.caught_up.is_set()

    async def may_hear_of(self, unknown: UUID) -> bool:
        """Whether what is unknown here now may be known in a moment.

        It may still be on its way to Kafka, where its id is that young; or records wait there to be applied here.
        """
        age = age_of(unknown)
        if age is not None and abs(age) < PUBLISHED_WITHIN_SECONDS:
            return True
        return self.consuming is not None and await self.consuming.is_behind()


@dataclass(frozen=True)
class Blueprint:
    """The rooms of one service, as its `main.py` names them."""

    service: str
    routers: Sequence[APIRouter]
    refusals: Refusals
    publishes: Sequence[Topic]
    consumes: Sequence[Topic] = ()
    effects: Callable[[Process], Effects] | None = None
    timers: Callable[[Process], Sequence[Timer]] = lambda _: ()
    opens: Callable[[FastAPI, Process], AbstractAsyncContextManager[None]] | None = None
    """What else lives as long as the process and is put on the application's state."""
    middleware: Sequence[Middleware] = ()
    """Inside the request's trail, the outermost first."""
    outside: Sequence[Middleware] = ()
    """Around the request's trail, the outermost first: also for what the trail itself answers."""
    serves_before_its_copies: bool = False
    """Whether it is ready before they have caught up: what depends on them then asks `is_caught_up` itself."""
    trusts_request_id: bool = True
    """Whether a caller's `X-Request-Id` is taken over; the gateway's callers may be anyone."""


async def running(request: Request) -> Process:
    process: Process = request.app.state.process
    return process


Running = Annotated[Process, Depends(running)]


def service_app(blueprint: Blueprint, settings: ServiceSettings) -> FastAPI:
    """The application; its lifespan is the life of everything else in the process."""
    failpoints.check()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(tracing.exporting(blueprint.service, app.version))
            url = settings.database_url.get_secret_value()
            opened = database(url, refusals=blueprint.refusals, size=settings.database_connections)
            process = Process(
                settings,
                await stack.enter_async_context(opened),
                MasterKeys(settings.master_keyset.get_secret_value()),
            )
            app.state.process = process
            if blueprint.opens is not None:
                await stack.enter_async_context(blueprint.opens(app, process))
            await stack.enter_async_context(_background(blueprint, process, app))
            yield

    app = FastAPI(
        title=f"Wardline {blueprint.service}",
        version=version("wardline-common"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would tell the address of this process to whoever asks the gateway
    )
    app.state.verifier = Verifier(settings.token_public_key, blueprint.service)
    app.state.index_key = settings.index_key
    app.state.metrics = metrics = Metrics()
    answer_with_problems(app)
    _describe_problems(app)
    _note_refusals(app, blueprint.service)
    for router in blueprint.routers:
        app.router.routes.extend(
            router.routes
        )  # flat: an included router is one more thing to match and enter
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    trail = Middleware(RequestTrail, metrics=metrics, trust_request_id=blueprint.trusts_request_id)
    for inner in reversed((*blueprint.outside, trail, *blueprint.middleware)):
        app.add_middleware(inner.cls, *inner.args, **inner.kwargs)
    return app


def _describe_problems(app: FastAPI) -> None:
    described = app.openapi

    def openapi() -> dict[str, Any]:
        return described() | {"x-problems": problem_codes()}

    app.openapi = openapi  # type: ignore[method-assign]


def _note_refusals(app: FastAPI, service: str) -> None:
    @app.exception_handler(Forbidden)
    async def _forbidden(request: Request, refusal: Forbidden) -> Response:
        """A refusal is an access event, committed before its answer leaves."""
        database: Database = request.app.state.process.database
        asked_for = map(str, request.path_params.values())
        await record_refusal(database, service, request.state.caller, refusal, asked_for)
        return refused(refusal)


@asynccontextmanager
async def _background(blueprint: Blueprint, process: Process, app: FastAPI) -> AsyncIterator[None]:
    service, url = blueprint.service, process.settings.database_url.get_secret_value()
    bootstrap = process.settings.kafka_bootstrap_servers
    relay = Relay(service, url, bootstrap)
    replaying: list[Timer] = []
    if blueprint.effects is not None:
        applying = Applying(service, process.database, process.keys, blueprint.effects(process))
        process.consuming = Consuming(bootstrap, applying)
        replaying.append(Replaying(applying).timer())

    def heard(key: Any) -> None:
        process.waiters.wake(key)
        relay.wake()

    def committed(facts: list[Fact]) -> None:
        for fact in facts:
            process.waiters.wake(fact.key)
        signals.tell(facts)
        relay.wake()

    signals = Signals(url, heard)
    process.database.after_commit(committed)
    tidying = Timer(
        service, "housekeeping", housekeeping.EVERY_SECONDS, lambda: housekeeping.keep_house(process.database)
    )
    timers = [tidying, *replaying, *blueprint.timers(process)]
    metrics: Metrics = app.state.metrics
    gauges = [*process.gauges, *_own_gauges(process, relay)]

    def has_started() -> bool:
        return blueprint.serves_before_its_copies or process.is_caught_up()

    health = Health(service, app.version, process.database, has_started, gauges, metrics)
    app.include_router(health_routes(health))

    topics = [*blueprint.publishes, *blueprint.consumes]
    tasks = [asyncio.create_task(work) for work in (signals.run(), run_all(timers), metrics.watch_loop())]
    publishing = asyncio.create_task(_on_kafka(process, relay, topics))
    for task in (*tasks, publishing):
        task.add_done_callback(_log_death)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        relay.finish()
        if not await relay.is_active():  # no batch is under way, and Kafka may be away
            publishing.cancel()
        await asyncio.wait([*tasks, publishing], timeout=STOP_SECONDS)
        publishing.cancel()
        await asyncio.wait([publishing], timeout=STOP_SECONDS)


def _own_gauges(process: Process, relay: Relay) -> Iterator[Gauge]:
    yield Gauge(
        "kafka_reachable",
        "wardline_kafka_reachable",
        "1 where a broker takes connections of this replica.",
        partial(takes_connections, process.settings.kafka_bootstrap_servers),
    )
    yield Gauge(
        "relay_active", "wardline_relay_active", "1 where this replica publishes the outbox.", relay.is_active
    )
    if process.consuming is not None:
        yield Gauge(
            "consumer_lag",
            "wardline_consumer_lag_records",
            "Records in Kafka that this replica has still to apply.",
            process.consuming.lag_by_topic,
            label="topic",
        )
        yield Gauge(
            "consumer_standstill",
            "wardline_consumer_standstill_partitions",
            "Partitions that stand still at one record because of a mistake in this program.",
            process.consuming.standing_still,
            label="topic",
            degrades=True,
        )
        yield Gauge(
            "consumer_records",
            "wardline_consumer_records",
            "Records that this replica took since its start, by how they ended.",
            process.consuming.fates,
            label="fate",
        )


async def _on_kafka(process: Process, relay: Relay, topics: Sequence[Topic]) -> None:
    await _ensure_topics(process.settings, topics)
    if process.consuming is None:
        await relay.run()
    else:
        async with process.consuming.running():
            await relay.run()


async def _ensure_topics(settings: ServiceSettings, topics: Sequence[Topic]) -> None:
    while True:
        try:
            await create_topics(
                settings.kafka_bootstrap_servers,
                topics,
                partitions=settings.kafka_partitions,
                replication=settings.kafka_replication,
            )
        except (KafkaError, OSError) as error:
            log.warning("kafka_away", kind=type(error).__name__)
            await asyncio.sleep(1)
        else:
            return


def _log_death(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("background_task_died", task=task.get_name(), exc_info=task.exception())
