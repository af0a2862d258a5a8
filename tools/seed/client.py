"""The public API as a signed-in user sees it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import ClientConnectionError, ClientResponse, ClientSession

PATIENCE_SECONDS = 30.0
_AGAIN = (429, 503)


class Refused(RuntimeError):
    """The API said no. The message is its sentence."""

    def __init__(self, what: str, status: int, code: str, sentence: str) -> None:
        super().__init__(f"{what}: {status} {code}. {sentence}")
        self.status = status
        self.code = code


@dataclass(slots=True)
class Client:
    """One user, or nobody yet. What is not yet ready is asked again until the patience is over.

    `purpose` begins the Idempotency-Keys: the same user's keys for something else are others.
    """

    http: ClientSession
    headers: Mapping[str, str]
    purpose: str = "demo"
    again: Callable[[], Awaitable["Client"]] | None = None
    """Signs in once more, where the session is over: one that is not used for a quarter of an hour is."""

    async def get(self, path: str) -> Any:
        return await self._call("GET", path, None, {})

    async def find(self, path: str, body: Mapping[str, object]) -> Any:
        """A search, whose words must not stand in a URL."""
        return await self._call("POST", path, body, {})

    async def do(
        self, method: str, path: str, body: Mapping[str, object], *, once: str, wait: int = 0
    ) -> Any:
        """A command under the Idempotency-Key `once`. Raises Refused."""
        headers = {"idempotency-key": f"{self.purpose}-{once}"} | ({"prefer": f"wait={wait}"} if wait else {})
        return await self._call(method, path, body, headers)

    async def all(self, path: str) -> AsyncIterator[Any]:
        """Every item of a list, page after page."""
        first = f"{path}{'&' if '?' in path else '?'}limit=200"
        page = await self.get(first)
        for item in page["items"]:
            yield item
        while page["next"]:
            page = await self.get(f"{first}&after={page['next']}")
            for item in page["items"]:
                yield item

    async def sign_in(self, username: str, password: str) -> "Client":
        """Raises Refused."""
        opened = await self.find("/v1/sessions", {"username": username, "password": password})
        session = {"authorization": f"Bearer {opened['token']}"}
        return replace(self, headers=session, again=lambda: self.sign_in(username, password))

    async def sign_out(self) -> None:
        await self._call("DELETE", "/v1/sessions/current", None, {})

    async def _call(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            session = self.headers
            try:
                async with self.http.request(
                    method, path, json=body, headers={**session, **headers}
                ) as answer:
                    is_over = answer.status == 401 and self.again is not None
                    if time.monotonic() > deadline or not (is_over or answer.status in _AGAIN):
                        return await _content(answer, f"{method} {path}")
                if is_over and self.again is not None and self.headers is session:
                    self.headers = (await self.again()).headers
                    continue
            except ClientConnectionError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.2)


async def _content(answer: ClientResponse, what: str) -> Any:
    if answer.ok:
        return None if answer.status == 204 else await answer.json()
    try:
        problem = await answer.json(content_type="application/problem+json")
    except ValueError:
        problem = {}
    raise Refused(what, answer.status, problem.get("code", "unknown"), problem.get("detail", ""))
