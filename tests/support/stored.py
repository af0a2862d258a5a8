"""What a hospital has stored, to see that something was not."""

from collections.abc import Iterable

import asyncpg

from tests.support.hospital import Hospital

_TABLES = """SELECT format('%I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"""

Counts = dict[str, int]


async def rows_of(hospital: Hospital, databases: Iterable[str]) -> Counts:
    """How many rows each table has, the outbox among them. The log of the audit follows the outboxes."""
    counts: Counts = {}
    for name in databases:
        connection = await asyncpg.connect(hospital.stack.infrastructure.postgres.url(name))
        try:
            for (table,) in await connection.fetch(_TABLES):
                counts[f"{name} {table}"] = await connection.fetchval(f"SELECT count(*) FROM {table}")
        finally:
            await connection.close()
    return counts
