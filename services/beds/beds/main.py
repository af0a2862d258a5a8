"""The beds process: departments, rooms, beds and presence."""

from fastapi import FastAPI

from beds import api, consumers, events, models, timers
from beds.settings import BedsSettings
from common.logs import configure_logs
from common.process import Blueprint, service_app
from common.server import serve
from common.settings import load

BLUEPRINT = Blueprint(
    service="beds",
    routers=api.routers,
    refusals=models.REFUSALS,
    publishes=events.TOPICS,
    consumes=(consumers.ADMISSION,),
    effects=consumers.effects,
    timers=timers.timers,
)


def create_app(settings: BedsSettings) -> FastAPI:
    return service_app(BLUEPRINT, settings)


def main() -> None:
    settings = load(BedsSettings)
    configure_logs("beds", settings.log_level)
    serve(create_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
