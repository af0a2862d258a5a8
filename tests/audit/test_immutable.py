"""Nobody changes the log: not the service, not the owner of its tables."""

import asyncpg
import pytest

from audit.leaf import leaf_hash
from tests.audit.log import Log

CHANGES = (
    "UPDATE {table} SET {column} = {column}",
    "UPDATE {table} SET {column} = {column} WHERE false",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
)
TABLES = {
    "entry": "position",
    "entry_0": "position",
    "entry_5": "position",  # made after the migration
    "entry_patient": "position",
    "seen": "position",
    "duplicate": "position",
    "gap": "first_offset",
    "reread": "reason",
}


@pytest.fixture
async def grown(log: Log) -> Log:
    """A log that has reached its sixth partition."""
    await log.admin.execute("UPDATE log_size SET size = 5000000")
    writer = await asyncpg.connect(log.url)
    await writer.execute("SELECT keep_log_partitions()")
    await writer.execute(
        "INSERT INTO entry (position, leaf, topic, partition, record_offset, occurred_at, recorded_at)"
        " VALUES (0, 'x', 't', 0, 0, now(), now()), (5000000, 'x', 't', 0, 0, now(), now())"
    )
    await writer.close()
    return log


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", TABLES)
async def test_the_writer_changes_nothing(grown: Log, table: str, change: str):
    writer = await asyncpg.connect(grown.url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await writer.execute(change.format(table=table, column=TABLES[table]))
    await writer.close()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("silenced", [False, True])
async def test_the_owner_changes_nothing(grown: Log, table: str, change: str, silenced: bool):
    async with grown.admin.acquire() as connection, connection.transaction():
        if silenced:  # what replication would do; ordinary triggers do not fire then
            await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("SET LOCAL ROLE audit_owner")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            async with connection.transaction():
                await connection.execute(change.format(table=table, column=TABLES[table]))


async def test_the_writer_makes_no_tables_and_silences_no_triggers(grown: Log):
    writer = await asyncpg.connect(grown.url)
    for attempt in (
        "ALTER TABLE entry DISABLE TRIGGER append_only",
        "DROP TABLE entry_0",
        "CREATE TABLE mine ()",
        "SELECT guard('entry'::regclass)",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await writer.execute(attempt)
    await writer.close()


async def test_the_database_hashes_the_leaf_itself(grown: Log):
    entry = (await grown.entries())[0]
    assert entry["leaf_hash"] == leaf_hash(b"x")
    writer = await asyncpg.connect(grown.url)
    with pytest.raises(asyncpg.GeneratedAlwaysError):
        await writer.execute(
            "INSERT INTO entry (position, leaf, leaf_hash, topic, partition, record_offset, occurred_at,"
            " recorded_at) VALUES (1, 'x', 'y', 't', 0, 0, now(), now())"
        )
    await writer.close()


async def test_the_reader_sees_the_views_only(grown: Log):
    reader = await asyncpg.connect(grown.url.replace("audit_writer", "audit_reader"))
    assert await reader.fetchval("SELECT count(*) FROM log_entry") == 2
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.fetchval("SELECT count(*) FROM entry")
    await reader.close()
