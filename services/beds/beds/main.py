"""The beds process: departments, rooms, beds and presence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from beds import api, consumers, events, models, timers
from beds.queries import beds_by_state
from beds.settings import BedsSettings
from common.logs import configure_logs
from common.metrics import Gauge
from common.process import Blueprint, Process, service_app
from common.server import serve
from common.settings import load


@asynccontextmanager
async def watching(_: FastAPI, process: Process) -> AsyncIterator[None]:
    """Operators see how many beds are in each state."""
    process.gauges.append(
        Gauge(
            "beds",
            "wardline_beds",
            "Beds by state; a hold that is past its end counts as none.",
            partial(beds_by_state, process.database.read),
            label="state",
        )
    )
    yield


BLUEPRINT = Blueprint(
    service="beds",
    routers=api.routers,
    refusals=models.REFUSALS,
    publishes=events.CATALOGUE.topics,
    consumes=(consumers.ADMISSION,),
    effects=consumers.effects,
    timers=timers.timers,
    opens=watching,
)


def create_app(settings: BedsSettings) -> FastAPI:
    return service_app(BLUEPRINT, settings)


def main() -> None:
    settings = load(BedsSettings)
    configure_logs("beds", settings.log_level)
    serve(create_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
