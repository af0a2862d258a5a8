"""Somebody in front of the gateway: signs in once and asks from then on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from httpx2 import AsyncClient, Limits, Response

Json = dict[str, Any]

_CATCHING_UP = "not_yet_known"
_PATIENCE = 20.0
"""Seconds that a service may need to hear of what another one has accepted."""


class Refused(AssertionError):
    """Another answer than the one that the story needs."""

    def __init__(self, answer: Response) -> None:
        request = answer.request
        super().__init__(f"{request.method} {request.url.path}: {answer.status_code} {answer.text[:500]}")
        self.answer = answer


class Person:
    """A client of one user. `token` is None for a stranger."""

    def __init__(self, url: str, user_id: UUID | None = None, token: str | None = None) -> None:
        self.user_id, self.token = user_id, token
        self.http = AsyncClient(
            base_url=url,
            headers={} if token is None else {"authorization": f"Bearer {token}"},
            timeout=60,
            limits=Limits(max_connections=None),
            trust_env=False,
        )

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Response:
        """The answer, whatever it is. What a service has "not yet" heard of is asked for again, as a client would."""
        sent = {**(headers or {}), **({} if method == "GET" else {"idempotency-key": key or str(uuid4())})}
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = await self.http.request(method, path, json=body, headers=sent, params=query)
            if answer.status_code != 503 or answer.json()["code"] != _CATCHING_UP:
                return answer
            if time.monotonic() > deadline:
                raise Refused(answer)
            await asyncio.sleep(0.05)  # stands for the second that Retry-After asks for

    async def read(self, path: str, **query: Any) -> Json:
        """What is there. Raises `Refused` unless the answer is 200."""
        answer = await self.ask("GET", path, query=query)
        if answer.status_code != 200:
            raise Refused(answer)
        content: Json = answer.json()
        return content

    async def list(self, path: str, **query: Any) -> list[Json]:
        """Every item of a list, page by page."""
        page = await self.read(path, limit=200, **query)
        items: list[Json] = page["items"]
        while page["next"]:
            page = await self.read(path, limit=200, after=page["next"], **query)
            items += page["items"]
        return items

    async def do(self, path: str, body: Json | None = None, *, method: str = "POST", wait: int = 0) -> Json:
        """A command that succeeds. Raises `Refused` unless it does. `wait` is what `Prefer` says."""
        prefer = {"prefer": f"wait={wait}"} if wait else {}
        answer = await self.ask(method, path, {} if body is None else body, headers=prefer)
        if not answer.is_success:
            raise Refused(answer)
        content: Json = answer.json() if answer.content else {}
        return content

    async def leave(self) -> None:
        """Closes the connections; the session stays."""
        await self.http.aclose()
