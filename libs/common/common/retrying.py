"""Trying again, logged without arguments: stamina's own line repeats them, and with them names and passwords ●."""

import asyncpg
import stamina
import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

log = structlog.get_logger()

retry = stamina.retry
REPEATABLE = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,  # a migration came between
)
"""What PostgreSQL undid as a whole and asks to be tried again."""


def _log_retry(details: RetryDetails) -> None:
    log.warning(
        "tried_again",
        what=details.name,
        attempt=details.retry_num,
        kind=type(details.caused_by).__name__,
        wait_s=round(details.wait_for, 2),
    )


set_on_retry_hooks([_log_retry])
