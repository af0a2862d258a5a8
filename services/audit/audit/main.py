"""The audit service: `python -m audit.main`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from audit import api
from audit.events import CATALOGUE, SERVICE
from audit.ingest import Ingester
from audit.settings import AuditSettings
from audit.timers import timers
from common.logs import configure_logs
from common.process import Blueprint, Process, service_app
from common.server import serve
from common.settings import load


@asynccontextmanager
async def ingesting(_: FastAPI, process: Process) -> AsyncIterator[None]:
    """The log is written as long as the process lives; being ready does not wait for it, the log only lags."""
    url = process.settings.database_url.get_secret_value()
    ingester = Ingester(process.database, url, process.settings.kafka_bootstrap_servers)
    process.gauges.extend(ingester.gauges())
    async with ingester.running():
        yield


def app(settings: AuditSettings) -> FastAPI:
    blueprint = Blueprint(
        SERVICE,
        routers=[api.router],
        refusals={},
        publishes=CATALOGUE.topics,
        timers=timers,
        opens=ingesting,
    )
    return service_app(blueprint, settings)


def main() -> None:
    settings = load(AuditSettings)
    configure_logs(SERVICE, settings.log_level)
    serve(app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
