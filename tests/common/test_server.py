"""The server's limits, seen from a socket."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from common.embedded import free_port
from tests.support.children import Child, a_child
from tests.support.waiting import eventually

#: What clients are promised, whatever the code says.
_HEADER_BYTES, _HEADER_SECONDS = 64 * 1024, 5.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    def __init__(self, port: int, child: Child) -> None:
        self.port, self.child = port, child

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Streams]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def ask(self, request: bytes) -> bytes:
        """Everything that comes back until the server closes, which `connection: close` asks for."""
        async with self.connected() as (reader, writer):
            writer.write(request)
            return await asyncio.wait_for(reader.read(), 10)

    def memory(self) -> int:
        return int(psutil.Process(self.child.pid).memory_info().rss)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Server]:
    port = free_port()
    async with a_child("tests.common.programs.server", str(port)) as child:
        server = Server(port, child)

        async def answers() -> bool:
            try:
                return b" 200 " in await server.ask(a_request())
            except OSError:
                return False

        await eventually(answers)
        yield server
        assert not any("Traceback" in line for line in child.lines)


def a_request(*headers: bytes, body: bytes = b"") -> bytes:
    head = [b"POST / HTTP/1.1", b"host: x", b"connection: close", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join([*head, b"", body])


async def test_headers_below_the_limit_are_taken(server: Server):
    answer = await server.ask(a_request(b"x: " + b"a" * (_HEADER_BYTES - 1000), body=b"12345"))

    assert b" 200 " in answer
    assert b'"body":5' in answer


@pytest.mark.parametrize(
    "header",
    [b"x: " + b"a" * _HEADER_BYTES, b"\r\n".join(b"x-%05d: a" % n for n in range(8000))],
    ids=["one huge value", "very many"],
)
@pytest.mark.parametrize("body", [b"", b"{}"], ids=["without body", "with body"])
async def test_headers_above_the_limit_are_refused(server: Server, header: bytes, body: bytes):
    answer = await server.ask(a_request(header, body=body))

    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in head
    assert b'"headers_too_large"' in content
    assert answer.count(b"HTTP/1.1") == 1


async def test_a_request_line_above_the_limit_is_refused(server: Server):
    answer = await server.ask(b"GET /" + b"a" * _HEADER_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_the_second_request_of_a_connection_is_limited_too(server: Server):
    async with server.connected() as (reader, writer):
        writer.write(a_request().replace(b"connection: close\r\n", b""))
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(a_request(b"x: " + b"a" * _HEADER_BYTES))
        assert b"HTTP/1.1 431 " in await asyncio.wait_for(reader.read(), 10)


async def test_a_huge_header_value_does_not_grow_the_memory(server: Server):
    before = server.memory()
    async with server.connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nx: ")
        try:
            for _ in range(64):
                writer.write(b"a" * 1024 * 1024)
                await writer.drain()
        except ConnectionError:
            pass
        else:
            await asyncio.wait_for(reader.read(), 10)

    assert server.memory() - before < 16 * 1024 * 1024


async def test_slow_headers_end_the_connection_and_a_slow_body_does_not(server: Server):
    """Four clients at once: one sends nothing, one half a head, one a byte now and then, one a whole head."""

    async def lasts(*, first: bytes, then: bytes) -> float:
        async with server.connected() as (reader, writer):
            started = time.monotonic()
            writer.write(first)
            while time.monotonic() - started < _HEADER_SECONDS * 2:
                try:
                    if await asyncio.wait_for(reader.read(1000), 0.5) == b"":
                        break
                except TimeoutError:
                    writer.write(then)
                except ConnectionError:
                    break
            return time.monotonic() - started

    async def slow_body() -> bytes:
        request = a_request(body=b"12345")
        async with server.connected() as (reader, writer):
            writer.write(request[:-5])
            await asyncio.sleep(_HEADER_SECONDS + 0.5)
            writer.write(request[-5:])
            return await asyncio.wait_for(reader.read(), 5)

    begun = a_request()[:-2]
    *slow, answer = await asyncio.gather(
        lasts(first=b"", then=b""), lasts(first=begun, then=b""), lasts(first=begun, then=b"x"), slow_body()
    )

    assert all(_HEADER_SECONDS - 0.5 < seconds < _HEADER_SECONDS + 1.5 for seconds in slow)
    assert b'"body":5' in answer


async def test_an_answer_does_not_name_the_server(server: Server):
    assert b"server:" not in (await server.ask(a_request())).lower()
