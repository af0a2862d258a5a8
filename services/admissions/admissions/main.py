"""The admissions process: patients and their admissions."""

from fastapi import FastAPI

from admissions import api, consumers, events, models
from admissions.settings import AdmissionsSettings
from common.logs import configure_logs
from common.process import Blueprint, service_app
from common.server import serve
from common.settings import load

BLUEPRINT = Blueprint(
    service="admissions",
    routers=api.routers,
    refusals=models.REFUSALS,
    publishes=events.TOPICS,
    consumes=(consumers.PLACEMENT, consumers.DEPARTMENT),
    effects=consumers.effects,
)


def create_app(settings: AdmissionsSettings) -> FastAPI:
    return service_app(BLUEPRINT, settings)


def main() -> None:
    settings = load(AdmissionsSettings)
    configure_logs("admissions", settings.log_level)
    serve(create_app(settings), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
