"""The migrations make what `models.py` describes, the checks included, which Alembic does not compare ●."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from audit.models import metadata
from common.embedded import Postgres
from tests.audit.log import Log

COLUMNS = """SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
    attgenerated, pg_get_expr(adbin, adrelid)
  FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
  WHERE attnum > 0 AND attrelid::regclass::text = ANY ($1)"""
CONSTRAINTS = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
  WHERE conrelid::regclass::text = ANY ($1)"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE tablename = ANY ($1)"


async def shape(connection: Any, what: str) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in await connection.fetch(what, list(metadata.tables))}


@pytest.mark.parametrize("what", [COLUMNS, CONSTRAINTS, INDEXES])
async def test_migrated_and_described_are_the_same(log: Log, migrated: Postgres, what: str):
    await log.admin.execute("CREATE DATABASE described")
    engine = create_async_engine(migrated.url("described").replace("postgresql", "postgresql+asyncpg", 1))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    described = await asyncpg.connect(migrated.url("described"))
    try:
        assert await shape(log.admin, what) == await shape(described, what)
    finally:
        await described.close()
        await log.admin.execute("DROP DATABASE described")
