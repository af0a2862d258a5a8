"""A load balancer in front of replicas: each new connection goes to the next one that takes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count

Writers = set[asyncio.StreamWriter]


class Balancer:
    """Listens on a port of its own. `backends` are the ports behind it."""

    def __init__(self) -> None:
        self.backends: Sequence[int] = ()
        self._turn = count()
        self._out: set[int] = set()
        self._open: dict[int, Writers] = {}
        self._server: asyncio.Server

    @property
    def url(self) -> str:
        port: int = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    @contextmanager
    def without(self, port: int) -> Iterator[None]:
        """Nothing goes to this one; what was open to it is closed, as when a health check has failed."""
        self._out.add(port)
        for writer in self._open.get(port, set()).copy():
            writer.transport.abort()
        try:
            yield
        finally:
            self._out.discard(port)

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def close(self) -> None:
        self._server.close()
        for writers in self._open.values():
            for writer in writers.copy():
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected = await self._connected()
        if connected is None:
            writer.transport.abort()
            return
        port, behind, to_behind = connected
        mine = {writer, to_behind}
        self._open.setdefault(port, set()).update(mine)
        try:
            await asyncio.gather(_copy(reader, to_behind), _copy(behind, writer))
        finally:
            self._open[port] -= mine
            for one in mine:
                one.close()

    async def _connected(self) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter] | None:
        first = next(self._turn)
        for n in range(len(self.backends)):
            port = self.backends[(first + n) % len(self.backends)]
            if port not in self._out:
                with suppress(OSError):
                    return port, *await asyncio.open_connection("127.0.0.1", port)
        return None


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Until the source ends; then the other side hears of it."""
    with suppress(OSError):
        while chunk := await source.read(65536):
            sink.write(chunk)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def balancing() -> AsyncIterator[Balancer]:
    balancer = Balancer()
    await balancer.listen()
    try:
        yield balancer
    finally:
        await balancer.close()
