"""The tour in README.md works as it is printed."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from beds.domain.rules import Fit
from gateway.identity.first_admin import create_admin
from tools.seed.hospital import Size
from tools.seed.loading import in_silence, load
from tools.stack.stack import Stack

ROOT = Path(__file__).parents[2]
HEADING = "## A tour in five minutes\n"


@pytest_asyncio.fixture(scope="module")
async def stack(scratch: Path) -> AsyncIterator[Stack]:
    """As `make run` leaves it: an admin, and the demo hospital."""
    stack = Stack(scratch / "tour", durable=False)
    await asyncio.to_thread(stack.start)
    admin, demo = (stack.secrets.password(name) for name in ("admin", "demo"))
    try:
        await create_admin(stack.database_url("GATEWAY_DATABASE_URL"), "admin", admin)
        await load(stack.gateway_url, admin, demo, in_silence, Size.SMALL)
        yield stack
    finally:
        await asyncio.to_thread(stack.stop)
        stack.infrastructure.postgres.remove()
        stack.infrastructure.kafka.remove()


def _blocks() -> list[str]:
    tour = (ROOT / "README.md").read_text().partition(HEADING)[2].partition("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL)


async def _walk(stack: Stack) -> list[list[str]]:
    """Runs all blocks in one shell, which gives up at the first command that fails. The lines of each block."""
    end = "--- end of block ---"
    script = f"\necho '{end}'\n".join(_blocks())
    environment = os.environ | {
        "URL": stack.gateway_url,
        "SECRETS": str(stack.folder / "secrets"),
        "KAFKA_BOOTSTRAP_SERVERS": stack.infrastructure.bootstrap,
    }
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = await shell.communicate()
    assert shell.returncode == 0, said.decode() + complained.decode()
    return [block.strip().splitlines() for block in said.decode().split(end)]


async def test_the_tour_works_as_printed(stack):
    signed_in, free, admitted, best, arrived, refused, left, events, log = await _walk(stack)

    assert signed_in == []
    assert free == ["available"]
    assert admitted == ["bed_assigned"]
    assert 0 < len(best) <= 3
    assert {line.split()[1] for line in best} <= set(Fit)
    assert arrived[0] == "in_bed"
    assert any(line.endswith(" Marlowe, Iris") for line in arrived)
    assert any(line.endswith(" None") for line in arrived), "a privacy flag"
    assert '"code":"bed_occupied"' in "".join(refused).replace('": "', '":"')
    assert left == ["left", "dirty", "started", "completed", "available"]
    assert len(events) == 12
    assert any("hospital.beds.cleaning_job.completed.v1" in line for line in events)
    assert log


def test_the_tour_needs_nothing_that_has_to_be_installed():
    assert "jq " not in "".join(_blocks())
