"""`make bench`: about two minutes; prints a table and writes it as JSON to build/bench.json."""

import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import cycle, repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import orjson
import psutil
from rich.console import Console
from rich.table import Table

from gateway.identity.first_admin import create_admin
from tools.bench.bare import bare_server, postgres_rate
from tools.bench.delivery import delivery
from tools.bench.hospital import Hospital
from tools.bench.load import Measured, Request, measure
from tools.bench.offers import offers
from tools.bench.suggestions import suggestions
from tools.stack.programs import PROGRAMS
from tools.stack.stack import Stack

CLIENTS = 16
SECONDS = 8.0
ADMISSIONS = 800
BEDS_OF_A_DEPARTMENT = 40
REPORT = Path("build/bench.json")

console = Console()


def held(status: int, body: bytes) -> bool:
    """The admission was kept and its bed is held."""
    return status == 201 and orjson.loads(body)["placement"]["state"] == "held"


async def admissions(hospital: Hospital, url: str, clients: int, count: int) -> Measured:
    """Each admission has a patient of its own and asks for a bed of one of many departments: there is one for each."""
    departments = [
        (await hospital.department(BEDS_OF_A_DEPARTMENT))[0] for _ in range(count // BEDS_OF_A_DEPARTMENT)
    ]
    patients = iter(zip(await hospital.patients(count), cycle(departments), strict=False))

    def requests(i: int) -> Iterator[Request]:
        for patient, department in patients:
            body = {"patient_id": patient, "department_id": department}
            yield hospital.act(i, "/v1/admissions", body, prefer="wait=10")

    return await measure("admission until its bed is held", url, clients, requests, seconds=60, good=held)


async def hot_paths(stack: Stack) -> list[Measured]:
    url = stack.gateway_url
    await create_admin(stack.database_url("GATEWAY_DATABASE_URL"), "admin", stack.secrets.password("admin"))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        hospital = Hospital(session, url)
        await hospital.sign_in(stack.secrets.password("admin"), CLIENTS)
        department, beds = await hospital.department(50)
        full = await hospital.full_department(40, dirty=4, waiting=4)

        def changes(i: int) -> Iterator[Request]:
            for _ in repeat(None):
                yield hospital.act(i, f"/v1/beds/{beds[i]}/block", {"reason_code": "bench"})
                yield hospital.act(i, f"/v1/beds/{beds[i]}/unblock", {})

        def fifty(i: int) -> Iterator[Request]:
            return repeat(hospital.read(i, f"/v1/beds?department_id={department}&limit=50"))

        def one(i: int) -> Iterator[Request]:
            return repeat(hospital.read(i, f"/v1/beds/{beds[0]}"))

        def board(i: int) -> Iterator[Request]:
            return repeat(hospital.read(i, f"/v1/departments/{full}/board"))

        return [
            await measure("board of a department with 40 beds", url, CLIENTS, board, seconds=SECONDS),
            await measure("50 beds of a department", url, CLIENTS, fifty, seconds=SECONDS),
            await measure("one bed", url, CLIENTS, one, seconds=SECONDS),
            await measure("status change with its event", url, CLIENTS, changes, seconds=SECONDS),
            await admissions(hospital, url, CLIENTS, ADMISSIONS),
            await admissions(hospital, url, 4, ADMISSIONS // 2),
            await suggestions(hospital, stack.url("beds"), stack.secrets.token_private_key(), SECONDS),
            await offers(hospital, session, url, stack.infrastructure.bootstrap),
            await delivery(hospital, session, url, stack.infrastructure.bootstrap),
        ]


async def bare_limits(stack: Stack) -> list[Measured]:
    with bare_server() as url:
        async with aiohttp.ClientSession() as session:
            await _until_up(session, url)
        nothing = Request("GET", "/", {})
        asgi = await measure("bare ASGI answer", url, CLIENTS, lambda _: repeat(nothing), seconds=SECONDS)
    rate = await postgres_rate(stack.infrastructure.postgres.url(), CLIENTS, SECONDS)
    return [asgi, Measured("bare Postgres update + insert", CLIENTS, round(rate, 1), 0, 0, 0, 0)]


async def _until_up(session: aiohttp.ClientSession, url: str) -> None:
    while True:
        try:
            async with session.get(url):
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.1)


def memory(stack: Stack) -> dict[str, float]:
    """Resident MB of each process; Postgres is the sum of its own, with shared memory counted once per process."""
    found = {}
    for name in ("postgres", "kafka", *(program.name for program in PROGRAMS)):
        parent = psutil.Process(stack.process(name).pid)
        sizes = [process.memory_full_info().uss for process in (parent, *parent.children(recursive=True))]
        found[name] = round(sum(sizes) / 1e6, 1)
    return found


def started(stack: Stack) -> float:
    start = time.perf_counter()
    stack.start()
    return round(time.perf_counter() - start, 1)


def main() -> None:
    with TemporaryDirectory(prefix="wardline-bench-") as folder:
        Path(folder).chmod(0o711)
        first = Stack(Path(folder))
        console.print("first start", started(first), "s")
        first.stop()
        stack = Stack(Path(folder))
        ready = started(stack)
        try:
            before = memory(stack)
            measured = [*asyncio.run(bare_limits(stack)), *asyncio.run(hot_paths(stack))]
            after = memory(stack)
        finally:
            stack.stop()
    show(measured, before, after, ready)


def show(measured: list[Measured], before: dict[str, float], after: dict[str, float], ready: float) -> None:
    rates = Table("what", "clients", "per second", "p50 ms", "p95 ms", "p99 ms", "failed")
    for row in measured:
        rates.add_row(*map(str, asdict(row).values()))
    console.print(rates)
    sizes = Table("process", "MB at start", "MB after load")
    for name, size in before.items():
        sizes.add_row(name, str(size), str(after[name]))
    console.print(sizes)
    console.print(
        f"ready after {ready} s on a prepared checkout; {os.cpu_count()} cores, {platform.platform()}"
    )
    REPORT.parent.mkdir(exist_ok=True)
    report = {
        "ready_s": ready,
        "memory_start_mb": before,
        "memory_mb": after,
        "rates": [asdict(m) for m in measured],
    }
    REPORT.write_text(json.dumps(report, indent=2))
    if any(row.failed for row in measured):
        sys.exit("Some requests failed: the figures above do not count.")


if __name__ == "__main__":
    main()
