"""What is due again and again: partitions of the log before they are needed."""

from collections.abc import Sequence

import sqlalchemy as sa

from audit.events import SERVICE
from common.process import Process
from common.statements import Statement
from common.timers import Timer

PARTITIONS_SECONDS = 30.0
_KEEP_PARTITIONS = Statement(sa.text("SELECT keep_log_partitions()"))


def timers(process: Process) -> Sequence[Timer]:
    async def keep_partitions() -> None:
        await process.database.read.value(_KEEP_PARTITIONS)

    return [Timer(SERVICE, "log_partitions", PARTITIONS_SECONDS, keep_partitions)]
