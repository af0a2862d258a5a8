"""Documents: the merged OpenAPI, pages that let one try it, the list of problems. All from our own host."""

import asyncio
import time
from html import escape
from pathlib import Path
from typing import Any

import fastapi_offline
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

from common.web import json_answer
from gateway.events import SERVICE
from gateway.openapi import Document, merged
from gateway.services import AWAY, Services

log = structlog.get_logger()
router = APIRouter()

FRESH_SECONDS = 60.0
_OURS = Path(__file__).parent / "assets"
_SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"
#: The page is data-free; scripts and styles are files of this host, the API is called on this host.
_PAGE_POLICY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
}


class Documents:
    """The services' descriptions, fetched at first use and again when they are a minute old.

    A service that does not answer keeps the place that it had.
    """

    def __init__(self, app: FastAPI, services: Services) -> None:
        self._app, self._services = app, services
        self._fetched: dict[str, Document] = {}
        self._fetched_at = float("-inf")
        self._turn = asyncio.Lock()

    async def each(self) -> dict[str, Document]:
        """The documents by service, the gateway's own first."""
        async with self._turn:
            if time.monotonic() - self._fetched_at > FRESH_SECONDS:
                await asyncio.gather(*map(self._fetch, self._services.addresses))
                if len(self._fetched) == len(self._services.addresses):
                    self._fetched_at = time.monotonic()
        return {SERVICE: self._app.openapi(), **dict(sorted(self._fetched.items()))}

    async def _fetch(self, service: str) -> None:
        try:
            self._fetched[service] = await self._services.document(service, "/openapi.json")
        except (*AWAY, ValueError) as error:
            log.warning("no_description", service=service, kind=type(error).__name__)


@router.get("/v1/openapi.json", tags=["documents"])
async def openapi(request: Request) -> Response:
    """This document."""
    documents: Documents = request.app.state.documents
    return json_answer(request, merged(await documents.each(), request.app.version))


@router.get("/", include_in_schema=False)
async def entrance() -> Response:
    return RedirectResponse("/docs")


@router.get("/docs", include_in_schema=False)
async def pages() -> Response:
    return FileResponse(_OURS / "docs.html", headers=_PAGE_POLICY, media_type="text/html")


@router.get("/docs/problems", include_in_schema=False)
async def problems(request: Request) -> Response:
    """Where the `type` of each problem points to."""
    documents: Documents = request.app.state.documents
    known: dict[str, Any] = {}
    for document in (await documents.each()).values():
        known |= document.get("x-problems", {})
    entries = "".join(
        f'<dt id="{escape(code)}">{escape(code)} ({entry["status"]})</dt><dd>{escape(entry["detail"])}</dd>'
        for code, entry in sorted(known.items())
    )
    page = (_OURS / "problems.html").read_text().replace("<!-- entries -->", entries)
    return HTMLResponse(page, headers=_PAGE_POLICY)


def mount_assets(app: FastAPI) -> None:
    """Scripts and styles of the pages: Swagger UI's and our own few lines."""
    app.mount("/docs/swagger-ui", StaticFiles(directory=_SWAGGER_UI))
    app.mount("/docs/assets", StaticFiles(directory=_OURS))
