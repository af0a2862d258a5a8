"""A client that insists: what it got no certain answer to, it asks again under the same key."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple
from uuid import UUID, uuid4

from httpx2 import Response, TransportError

from tests.support.person import Json, Person

PATIENCE = 180.0
"""Seconds after which the hospital is given up."""
PAUSE = 0.1
"""Stands for the second that Retry-After asks for."""


class Acknowledged(NamedTuple):
    """A command that was answered with success: from then on it must exist, once.

    `resource` is what the last answer showed, where it showed something.
    """

    user_id: UUID | None
    key: str
    path: str
    resource: str | None = None


class GivenUp(AssertionError):
    """No certain answer came within the client's patience."""


class Insisting:
    """A person who cares about the answer. `acknowledged` is what this person was promised."""

    def __init__(self, person: Person, patience: float = PATIENCE) -> None:
        self._person, self._patience = person, patience
        self.acknowledged: list[Acknowledged] = []

    async def ask(
        self, method: str, path: str, body: Json | None = None, *, wait: int = 0, key: str | None = None
    ) -> Response:
        """The certain answer: any that is no 5xx. Raises `GivenUp`."""
        key = key or str(uuid4())
        headers = {"prefer": f"wait={wait}"} if wait else {}
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = await self._person.ask(method, path, body, key=key, headers=headers)
            except (TransportError, AssertionError) as error:
                last = type(error).__name__
            else:
                if answer.status_code < 500:
                    if answer.is_success and method != "GET":
                        shown = answer.json() if answer.content else {}
                        resource = shown.get("id") or shown.get("admission_id")
                        self.acknowledged.append(Acknowledged(self._person.user_id, key, path, resource))
                    return answer
                last = answer.text[:200]
            if time.monotonic() > deadline:
                raise GivenUp(f"{method} {path}: {last}")
            await asyncio.sleep(PAUSE)

    async def do(self, path: str, body: Json | None = None, *, method: str = "POST", wait: int = 0) -> Json:
        """A command that must succeed in the end."""
        answer = await self.ask(method, path, {} if body is None else body, wait=wait)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        content: Json = answer.json() if answer.content else {}
        return content

    async def read(self, path: str) -> Json:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        content: Json = answer.json()
        return content
