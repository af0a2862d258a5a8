"""People in front of a service: one key pair for the run, and clients that carry the token of a role."""

import json
from collections.abc import Generator, Iterable
from uuid import UUID

import httpx2
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from common.auth import Caller, Grant, Minter
from common.ids import new_id

_KEY = OKPKey.generate_key("Ed25519")
_MINTER = Minter(json.dumps(_KEY.as_dict(private=True)))
PUBLIC_KEY: str = json.dumps(_KEY.as_dict(private=False))
"""What a service needs to believe these tokens: its setting `token_public_key`."""


def a_caller(role: str, departments: Iterable[UUID] | None = None) -> Caller:
    """Somebody new with this role in these departments; None means in all."""
    reach = None if departments is None else frozenset(departments)
    return Caller(new_id(), new_id(), (Grant(role, reach),))


def token_for(caller: Caller, service: str) -> str:
    """What the gateway would send with a request of this caller."""
    return _MINTER.mint(caller, service, "test")


class _FreshToken(httpx2.Auth):
    """The gateway's tokens live for a minute and are always fresh, so a test may take as long as it likes."""

    def __init__(self, caller: Caller, service: str) -> None:
        self._caller, self._service = caller, service

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if "authorization" not in request.headers:
            request.headers["authorization"] = f"Bearer {token_for(self._caller, self._service)}"
        yield request


def client_for(
    app: FastAPI, role: str, departments: Iterable[UUID] | None = None, *, caller: Caller | None = None
) -> httpx2.AsyncClient:
    """A client of the application, without a network, as somebody new of this role (or as `caller`)."""
    service = app.title.rpartition(" ")[2]
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url=f"http://{service}",
        auth=_FreshToken(caller or a_caller(role, departments), service),
        timeout=60,
    )
