"""The gateway's process: identity, the way through to the services, documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from common.envelope import Fact
from common.logs import configure_logs
from common.process import Blueprint, Process, service_app
from common.server import serve
from common.settings import load
from gateway import consumers, docs
from gateway.edge import SecurityHeaders
from gateway.events import CATALOGUE, SERVICE, USER
from gateway.identity.api import ROUTERS
from gateway.identity.reception import Reception
from gateway.identity.refusals import REFUSALS
from gateway.identity.timers import session_timer
from gateway.notes import api as notes
from gateway.proxy import Proxy
from gateway.service_tokens import ServiceTokens
from gateway.services import calling_services
from gateway.settings import GatewaySettings

_CORS_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_CORS_HEADERS = ("Authorization", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "traceparent")
_CORS_SHOWN = ("ETag", "Link", "Location", "Retry-After", "X-Request-Id")


def gateway_app(settings: GatewaySettings) -> FastAPI:
    """The application, ready to be served."""

    @asynccontextmanager
    async def opens(app: FastAPI, process: Process) -> AsyncIterator[None]:
        tokens = ServiceTokens(settings.token_private_key.get_secret_value())
        reception = Reception.opened(settings, process.database, ended=tokens.forget)

        def forget(facts: list[Fact]) -> None:
            for fact in facts:
                if fact.topic is USER:
                    reception.sessions.forget(fact.key)

        process.database.after_commit(forget)
        async with calling_services(settings.services, tokens, settings.service_connections) as services:
            app.state.reception, app.state.services = reception, services
            app.state.documents = docs.Documents(app, services)
            yield

    blueprint = Blueprint(
        service=SERVICE,
        routers=(*ROUTERS, notes.router, docs.router),
        refusals=REFUSALS,
        consumes=consumers.CONSUMES,
        effects=consumers.effects,
        serves_before_its_copies=True,  # people sign in also while Kafka is away
        publishes=CATALOGUE.topics,
        timers=lambda process: [session_timer(process.database)],
        opens=opens,
        middleware=[Middleware(Proxy)],
        outside=_outside(settings),
        trusts_request_id=False,
    )
    app = service_app(blueprint, settings)
    docs.mount_assets(app)
    return app


def _outside(settings: GatewaySettings) -> list[Middleware]:
    """The outermost first. Cookies are never taken from other origins: `allow_credentials` stays off."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=_CORS_METHODS,
        allow_headers=_CORS_HEADERS,
        expose_headers=_CORS_SHOWN,
    )
    believed = Middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    return [
        *([believed] if settings.trusted_proxies else []),
        Middleware(SecurityHeaders),
        *([cors] if settings.cors_origins else []),
    ]


if __name__ == "__main__":
    chosen = load(GatewaySettings)
    configure_logs(SERVICE, chosen.log_level)
    serve(gateway_app(chosen), host=chosen.host, port=chosen.port)
