"""Logs: one JSON object per line with the ids of its trail, and nothing of what was said or stored."""

import asyncio
import sys
from typing import Any

import orjson

_PROGRAM = """
import asyncio, logging, sys
import asyncpg, structlog
from common.context import Trail, following
from common.logs import configure_logs
from common.timers import Timer, run_all

SECRET = " ".join(("Jane", "Doe"))  # so that no line of this program contains it
configure_logs("toy")
log = structlog.get_logger()
log.info("outside", number=1)
with following(Trail("request-1", "user/1", "cause-1", "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01")):
    log.info("inside")
    logging.getLogger("a.library").warning("theirs %s", "too")
    log.debug("unheard")
    try:
        int(SECRET)
    except ValueError:
        log.error("failed", exc_info=True)

async def main():
    connection = await asyncpg.connect(sys.argv[1])
    tried, again = asyncio.Event(), asyncio.Event()

    async def work():
        if tried.is_set():
            again.set()
            return
        tried.set()
        insert = "INSERT INTO counter VALUES (gen_random_uuid(), $1, 2000, null, null, now(), 1)"
        await connection.execute(insert, SECRET)

    timer = Timer("toy", "sweep", 3600, work)
    running = asyncio.create_task(run_all([timer]))
    timer.wake()
    await again.wait()
    running.cancel()

asyncio.run(main())
"""


async def lines_of(url: str) -> list[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert err == b""
    return [orjson.loads(line) for line in out.splitlines()]


async def test_lines_are_json_with_the_ids_of_their_trail_and_without_content(toy):
    lines = await lines_of(toy.url)

    named = {line["event"]: line for line in lines}
    assert all(line["service"] == "toy" and line["timestamp"].endswith("Z") for line in lines)
    assert "correlation_id" not in named["outside"]
    for event in ("inside", "theirs too", "failed"):
        assert (named[event]["correlation_id"], named[event]["causation_id"]) == ("request-1", "cause-1")
        assert (named[event]["trace_id"], named[event]["span_id"]) == ("a" * 32, "b" * 16)
    assert "unheard" not in named
    assert "ValueError" in named["failed"]["exception"]
    assert named["timer_failed"]["kind"] == "CheckViolationError"
    assert "23514 counter_ceiling" in named["timer_failed"]["exception"]
    assert "in work" in named["timer_failed"]["exception"]
    assert "Jane Doe" not in str(lines)
