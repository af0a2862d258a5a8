"""Closed-loop load: each client sends its next request when the last is answered."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a client."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests per second and the time of each in milliseconds."""

    name: str
    clients: int
    rate: float
    p50: float
    p95: float
    p99: float
    failed: int

    @classmethod
    def of(cls, name: str, clients: int, took: float, times: list[float], failed: int) -> "Measured":
        ordered = sorted(times) or [0.0]

        def at(share: float) -> float:
            return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 1)

        return cls(name, clients, round(len(times) / took, 1), at(0.5), at(0.95), at(0.99), failed)


async def measure(
    name: str,
    url: str,
    clients: int,
    requests: Callable[[int], Iterator[Request]],
    *,
    seconds: float = 8.0,
    good: Callable[[int, Any], bool] = lambda status, _: status < 400,
) -> Measured:
    """Runs until the time is over or a client has no more requests. `requests(i)` are those of client i."""
    times: list[float] = []
    failed = 0
    connector = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        end = time.perf_counter() + seconds

        async def client(i: int) -> None:
            nonlocal failed
            for request in requests(i):
                start = time.perf_counter()
                if start > end:
                    return
                async with session.request(
                    request.method, url + request.path, headers=request.headers, json=request.body
                ) as answer:
                    body = await answer.read()
                times.append(time.perf_counter() - start)
                failed += not good(answer.status, body)

        start = time.perf_counter()
        await asyncio.gather(*(client(i) for i in range(clients)))
        took = time.perf_counter() - start
    return Measured.of(name, clients, took, times, failed)
