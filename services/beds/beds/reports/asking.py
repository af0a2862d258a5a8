"""A report: a list that can be asked for page by page as JSON, or as a whole as CSV."""

import csv
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from io import StringIO
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from common.db import Reader
from common.errors import FieldError, Invalid
from common.paging import MAX_LIMIT, Listing, Page
from common.web import NearInstant, list_answer, shows_list

Row = Any
_CSV = "text/csv"


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


async def _period(
    since: Annotated[NearInstant | None, Query(alias="from", description="inclusive")] = None,
    until: Annotated[NearInstant | None, Query(alias="to", description="exclusive")] = None,
) -> Mapping[str, datetime | None]:
    """From one moment until before another; None is without an end on that side."""
    if since is not None and until is not None and since >= until:
        raise Invalid(
            errors=[FieldError(field="query.to", code="not_after_from", message="later than `from`")]
        )
    return {"since": since, "until": until}


async def _wants_csv(
    request: Request,
    wanted: Annotated[
        Format | None, Query(alias="format", description="before what `Accept` says; CSV is the whole list")
    ] = None,
) -> bool:
    if wanted is not None:
        return wanted is Format.CSV
    return request.headers.get("accept", "").startswith(_CSV)


During = Annotated[Mapping[str, datetime | None], Depends(_period)]
WantsCsv = Annotated[bool, Depends(_wants_csv)]


async def _as_found(_: Reader, rows: Sequence[Row]) -> Sequence[Row]:
    return rows


@dataclass(frozen=True)
class Report:
    """`view` names the columns. In the log of accesses and as a file the report has its `name`.

    `completed` adds to the rows of a page what no single statement finds.
    """

    name: str
    listing: Listing
    view: type[BaseModel]
    completed: Callable[[Reader, Sequence[Row]], Awaitable[Sequence[Row]]] = _as_found

    async def page(self, request: Request, reader: Reader, page: Page, **filters: Any) -> Response:
        """One page as JSON."""
        rows, after = await self._read(reader, page, **filters)
        items = [{name: row[name] for name in self.view.model_fields} for row in rows]
        return list_answer(request, items, after)

    async def export(self, reader: Reader, page: Page, **filters: Any) -> Response:
        """Everything from `after` on as CSV, read page by page as it is sent. Refusals come before the first byte."""
        part = replace(page, limit=MAX_LIMIT)
        rows, after = await self._read(reader, part, **filters)

        async def parts(rows: Sequence[Row], after: str | None) -> AsyncIterator[str]:
            yield _lines([[*self.view.model_fields]])
            while True:
                yield _lines([[_cell(row[name]) for name in self.view.model_fields] for row in rows])
                if after is None:
                    return
                rows, after = await self._read(reader, replace(part, after=after), **filters)

        headers = {"content-disposition": f'attachment; filename="{self.name}.csv"', "vary": "accept"}
        return StreamingResponse(parts(rows, after), headers=headers, media_type=_CSV)

    async def _read(self, reader: Reader, page: Page, **filters: Any) -> tuple[Sequence[Row], str | None]:
        rows, after = await self.listing.read(reader, page, **filters)
        return await self.completed(reader, rows), after


def _lines(rows: Sequence[Sequence[Any]]) -> str:
    """As RFC 4180 has it. Ids, codes, times and numbers only: nothing that a spreadsheet would run."""
    written = StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, Mapping):
        return " ".join(f"{name}:{count}" for name, count in value.items())
    return value


def reports(view: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a report: a list of these, or the same as CSV with a header row."""
    (status, described), *_ = shows_list(view).items()
    return {status: described | {"content": {_CSV: {"schema": {"type": "string"}}}}}
