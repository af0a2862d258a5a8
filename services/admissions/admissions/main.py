"""The admissions process: patients and their admissions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from admissions import api, consumers, events, models, timers
from admissions.queries import UNANSWERED
from admissions.settings import AdmissionsSettings
from common.logs import configure_logs
from common.metrics import Gauge
from common.process import Blueprint, Process, service_app
from common.server import serve
from common.settings import load


@asynccontextmanager
async def watching(_: FastAPI, process: Process) -> AsyncIterator[None]:
    """Operators see how many admissions have waited for an answer of beds for more than 30 s."""
    process.gauges.append(
        Gauge(
            "unanswered_wants",
            "wardline_unanswered_wants",
            "Admissions whose want beds has not answered for 30 s.",
            partial(process.database.read.value, UNANSWERED),
        )
    )
    yield


BLUEPRINT = Blueprint(
    service="admissions",
    routers=api.routers,
    refusals=models.REFUSALS,
    publishes=events.CATALOGUE.topics,
    consumes=(consumers.PLACEMENT, consumers.DEPARTMENT, events.ERASED_PATIENT),
    effects=consumers.effects,
    timers=timers.timers,
    opens=watching,
)


def create_app(settings: AdmissionsSettings) -> FastAPI:
    return service_app(BLUEPRINT, settings)


def main() -> None:
    settings = load(AdmissionsSettings)
    configure_logs("admissions", settings.log_level)
    serve(create_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
