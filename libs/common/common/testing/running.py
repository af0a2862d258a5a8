"""A service inside the test's own process: with all its life, or at rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import FastAPI
from pydantic import SecretStr
from tink import aead, json_proto_keyset_format, new_keyset_handle, secret_key_access

from common.crypto import MasterKeys
from common.db import Refusals, database
from common.process import Process
from common.settings import ServiceSettings
from common.testing.callers import PUBLIC_KEY

NOWHERE = "127.0.0.1:9"
"""An address at which no broker answers."""

S = TypeVar("S", bound=ServiceSettings)


def a_keyset() -> str:
    """A fresh Tink AES256-GCM keyset as JSON."""
    aead.register()
    handle = new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    keyset: str = json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    return keyset


def settings_for(kind: type[S], database_url: str, bootstrap: str = NOWHERE, **own: Any) -> S:
    """Settings of a service on this database and this broker, with keys of its own unless `own` brings some."""
    given: dict[str, Any] = {"master_keyset": SecretStr(a_keyset()), "index_key": b"i" * 32} | own
    return kind(
        port=0,
        database_url=SecretStr(database_url),
        KAFKA_BOOTSTRAP_SERVERS=bootstrap,
        KAFKA_PARTITIONS=1,
        KAFKA_REPLICATION=1,
        WARDLINE_TOKEN_PUBLIC_KEY=PUBLIC_KEY,
        **given,
    )


@asynccontextmanager
async def living(app: FastAPI) -> AsyncIterator[Process]:
    """With relay, consumer, timers and signals, as under a server."""
    async with app.router.lifespan_context(app):
        process: Process = app.state.process
        yield process


@asynccontextmanager
async def at_rest(app: FastAPI, settings: ServiceSettings, refusals: Refusals) -> AsyncIterator[Process]:
    """Answers requests and does nothing by itself: no timer sweeps, nothing is published, nothing is heard."""
    url = settings.database_url.get_secret_value()
    async with database(url, refusals=refusals, size=settings.database_connections) as opened:
        process = Process(settings, opened, MasterKeys(settings.master_keyset.get_secret_value()))
        app.state.process = process
        yield process
