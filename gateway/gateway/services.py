"""The services behind the gateway, and how they are called."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from yarl import URL

from common import tracing
from common.auth import Caller
from common.context import current_trail
from common.errors import Refusal, Unavailable
from common.tracing import Kind
from gateway.service_tokens import ServiceTokens

_OWNED = {
    "beds": (
        "departments",
        "rooms",
        "beds",
        "placements",
        "departure_reasons",
        "transfers",
        "offers",
        "reservations",
        "cleaning_jobs",
        "reports",
    ),
    "admissions": ("patients", "admissions"),
    "audit": ("audit",),
}


@dataclass(frozen=True, slots=True)
class Way:
    """Where the requests below a path go; the log names them by the path."""

    path: str
    service: str


#: By the first part of the path below /v1.
WAYS: Mapping[str, Way] = {
    first: Way(f"/v1/{first}", service) for service, owned in _OWNED.items() for first in owned
}
#: Below a service's path, and yet the gateway's own.
KEPT_HERE = "/v1/audit/notes"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=2, sock_connect=2, sock_read=30)
_KEEP_ALIVE_SECONDS = 60.0
"""Less than the 75 s of the services ●: a connection that they close under a command leaves its outcome unknown."""
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
AWAY = (aiohttp.ClientError, TimeoutError, OSError)


class OutcomeUnknown(Unavailable):
    code = "outcome_unknown"
    sentence = (
        "The service went away before it answered: whether the command was carried out is not known. "
        "Repeat it with the same Idempotency-Key, or read before you repeat it without one."
    )


class Services:
    """Calls services for a caller. One pool of connections per process."""

    def __init__(
        self, session: aiohttp.ClientSession, addresses: Mapping[str, str], tokens: ServiceTokens
    ) -> None:
        self._session, self._tokens = session, tokens
        self.addresses = {name: address.rstrip("/") for name, address in addresses.items()}

    async def call(
        self,
        service: str,
        method: str,
        target: str,
        caller: Caller,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes | AsyncIterator[bytes] | None = None,
        purpose: str = "request",
    ) -> aiohttp.ClientResponse:
        """The answer, its body not yet read. `target` is path and query as they were sent.

        Raises `Unavailable` when the service is away and nothing was changed, else `OutcomeUnknown`.
        """
        with tracing.span(Kind.CLIENT, method, {"http.request.method": method, "peer.service": service}):
            trail = current_trail()
            passed = [
                *headers,
                ("Authorization", f"Bearer {self._tokens.token(caller, service, purpose)}"),
                ("X-Request-Id", trail.correlation_id),
            ]
            if trail.traceparent is not None:
                passed.append(("traceparent", trail.traceparent))
            try:
                return await self._session.request(
                    method,
                    URL(self.addresses[service] + target, encoded=True),
                    headers=passed,
                    data=body,
                    allow_redirects=False,
                )
            except AWAY as error:
                raise self._refusal(service, method, error) from error

    async def document(self, service: str, path: str) -> Any:
        """What a service tells anybody who reaches it, such as the description of its routes."""
        async with self._session.get(self.addresses[service] + path) as answer:
            answer.raise_for_status()
            return orjson.loads(await answer.read())

    def _refusal(self, service: str, method: str, error: Exception) -> Refusal:
        if isinstance(error.__cause__, Refusal):  # the body was refused while it was being passed on
            return error.__cause__
        if method in _SAFE_METHODS or isinstance(error, _NOT_SENT):
            return Unavailable(service=service)
        return OutcomeUnknown(service=service)


@asynccontextmanager
async def calling_services(
    addresses: Mapping[str, str], tokens: ServiceTokens, connections: int
) -> AsyncIterator[Services]:
    """Services for the life of a process."""
    connector = aiohttp.TCPConnector(
        limit=0, limit_per_host=connections, keepalive_timeout=_KEEP_ALIVE_SECONDS, ttl_dns_cache=60
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=_TIMEOUT,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    ) as session:
        session._retry_connection = False  # it would resend PUT and DELETE by itself ●
        yield Services(session, addresses, tokens)
