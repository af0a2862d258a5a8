"""The bare limits: an ASGI answer with nothing behind it, and a Postgres update + insert with nothing before it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import asyncpg

from common.embedded.ports import free_port


async def answer(scope, receive, send):  # type: ignore[no-untyped-def]
    """The smallest ASGI application; uvicorn serves it as `tools.bench.bare:answer`."""
    assert scope["type"] == "http"
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
    )
    await send({"type": "http.response.body", "body": b"{}"})


@contextmanager
def bare_server() -> Iterator[str]:
    """The address of a process that serves `answer`."""
    port = free_port()
    command = (
        "uvicorn",
        "tools.bench.bare:answer",
        "--port",
        str(port),
        "--log-level",
        "critical",
        "--lifespan",
        "off",
    )
    server = subprocess.Popen([sys.executable, "-m", *command])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


async def postgres_rate(url: str, clients: int, seconds: float) -> float:
    """Committed transactions of one update and one insert per second, by direct connections to the server."""
    async with asyncpg.create_pool(url, min_size=clients, max_size=clients) as pool:
        await pool.execute("CREATE TABLE bare_row (id uuid PRIMARY KEY, n int NOT NULL)")
        await pool.execute(
            "CREATE TABLE bare_line (id uuid PRIMARY KEY, row_id uuid NOT NULL, body jsonb NOT NULL)"
        )
        rows = [uuid4() for _ in range(clients)]
        await pool.executemany("INSERT INTO bare_row VALUES ($1, 0)", [(row,) for row in rows])
        end, done = time.perf_counter() + seconds, 0

        async def client(row: object) -> None:
            nonlocal done
            async with pool.acquire() as connection:
                while time.perf_counter() < end:
                    async with connection.transaction():
                        await connection.execute("UPDATE bare_row SET n = n + 1 WHERE id = $1", row)
                        await connection.execute(
                            'INSERT INTO bare_line VALUES ($1, $2, \'{"state": "x"}\')', uuid4(), row
                        )
                    done += 1

        await asyncio.gather(*(client(row) for row in rows))
        await pool.execute("DROP TABLE bare_row, bare_line")
    return done / seconds
