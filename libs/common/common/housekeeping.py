"""Housekeeping of the mechanisms' own tables: what is past its keep goes, the outbox gets its next partitions."""

import sqlalchemy as sa

from common import dead_letters, failpoints, idempotency, positions
from common.db import Database
from common.statements import Statement

EVERY_SECONDS = 600.0
_COMMIT = failpoints.around_commit("timer.housekeeping")
_KEEP_PARTITIONS = Statement(sa.text("SELECT keep_outbox_partitions()"))


async def keep_house(database: Database) -> None:
    """Each statement on its own: none waits for another's locks."""
    for statement in (_KEEP_PARTITIONS, idempotency.FORGET, positions.FORGET, dead_letters.PURGE):
        async with database.write(around=_COMMIT) as act:
            await act.run(statement)
