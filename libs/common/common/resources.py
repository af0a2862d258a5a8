"""Resources: how one thing is read by its id and shown, after a GET and after a command alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from common.db import Reader
from common.errors import NotFound
from common.idempotency import Outcome
from common.stamp import version_tag
from common.statements import Statement
from common.web import json_answer

Row = Any


def _tag_of(row: Row) -> str | None:
    return version_tag(row["version"], lapsed=row.get("lapsed", False)) if "version" in row else None


@dataclass(frozen=True)
class Resource:
    """`statement` reads a row by the parameter `of_id`; `view` is how it is shown.

    `path` is that of its collection, where it can be read under its id. `tag` is its ETag: the row's `version`,
    and `lapsed` where the clock changed it since.
    """

    statement: Statement
    view: Callable[[Row], Mapping[str, Any]] = dict
    path: str | None = None
    tag: Callable[[Row], str | None] = _tag_of

    async def show(self, request: Request, reader: Reader, of_id: UUID, status: int = 200) -> Response:
        """The resource as it is now. Raises `NotFound`."""
        row = await reader.first(self.statement, of_id=of_id)
        if row is None:
            raise NotFound
        headers = {"location": f"{self.path}/{of_id}"} if status == 201 and self.path else {}
        return json_answer(request, self.view(row), status=status, tag=self.tag(row), headers=headers)

    async def settle(self, request: Request, reader: Reader, outcome: Outcome) -> Response:
        """The answer of a command: the resource that it made or changed, as it is now; nothing after a 204."""
        if outcome.status == 204:
            return Response(None, 204)
        return await self.show(request, reader, outcome.resource, outcome.status)
