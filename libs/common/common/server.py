"""uvicorn with the limits that it lacks ●: headers of at most 64 KB, complete within five seconds."""

import asyncio
import gc
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEADER_BYTES = 64 * 1024
HEADER_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 75
STOP_SECONDS = 5
_GARBAGE = 20_000  # new objects before the collector looks: with 700 it took a twentieth of all time
_BETWEEN = len(": \r\n")


def _problem(status: int, reason: str, code: str, detail: str) -> bytes:
    """A whole answer, for what never becomes a request of the application; the connection ends after it."""
    title = code.replace("_", " ").capitalize()
    named = {
        "type": f"/docs/problems#{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    }
    body = orjson.dumps(named)
    head = f"HTTP/1.1 {status} {reason}\r\nconnection: close\r\ncontent-type: application/problem+json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


_TOO_LARGE = _problem(
    431,
    "Request Header Fields Too Large",
    "headers_too_large",
    "The request line and headers may have 64 KB together.",
)
_NO_HTTP = _problem(400, "Bad Request", "malformed", "The request could not be read: it is not valid HTTP.")


class LimitedProtocol(HttpToolsProtocol):
    """One connection; the head of each request is counted and timed."""

    _head_bytes = 0
    _in_head = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEADER_BYTES:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._in_head:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        lines = sum(len(name) + len(value) + _BETWEEN for name, value in self.headers)
        if lines + len(self.url) > MAX_HEADER_BYTES:
            self._refuse(_TOO_LARGE)
        else:
            super().on_headers_complete()

    def _await_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._deadline = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _end_head(self) -> None:
        self._in_head = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(_NO_HTTP)

    def _refuse(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


def serve(app: FastAPI, *, host: str, port: int, **more: Any) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what is under way."""
    gc.freeze()  # what is loaded stays: the collector need not look at it again and again
    gc.set_threshold(_GARBAGE, 20, 20)
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=LimitedProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        **more,
    )
