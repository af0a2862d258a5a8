"""What becomes due in identity: sessions come to their end and are forgotten."""

from common import failpoints
from common.db import Database
from common.timers import Timer
from gateway.events import SERVICE
from gateway.identity import records

EVERY_SECONDS = 60.0
_COMMIT = failpoints.around_commit("timer.sessions")


def session_timer(database: Database) -> Timer:
    async def tidy() -> None:
        for statement in (records.EXPIRE, records.FORGET):
            async with database.write(around=_COMMIT) as act:
                await act.run(statement)

    return Timer(SERVICE, "sessions", EVERY_SECONDS, tidy)
