"""What is due again and again: partitions of the log before they are needed."""

from collections.abc import Sequence

import sqlalchemy as sa

from audit.events import SERVICE
from common import failpoints
from common.process import Process
from common.statements import Statement
from common.timers import Timer

PARTITIONS_SECONDS = 30.0
_KEEP_PARTITIONS = Statement(sa.text("SELECT keep_log_partitions()"))
_COMMIT = failpoints.around_commit("timer.log_partitions")


def timers(process: Process) -> Sequence[Timer]:
    async def keep_partitions() -> None:
        async with process.database.write(around=_COMMIT) as act:
            await act.run(_KEEP_PARTITIONS)

    return [Timer(SERVICE, "log_partitions", PARTITIONS_SECONDS, keep_partitions)]
