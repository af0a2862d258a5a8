"""The shape of a database, the checks included, which Alembic does not compare ●."""

from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from common.embedded import Postgres

_COLUMNS = """SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
    attgenerated, pg_get_expr(adbin, adrelid)
  FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
  WHERE attnum > 0 AND attrelid::regclass::text = ANY ($1)"""
_CONSTRAINTS = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
  WHERE conrelid::regclass::text = ANY ($1)"""
_INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE tablename = ANY ($1)"

Shape = set[tuple[Any, ...]]


async def migrated_shape(url: str, metadata: sa.MetaData) -> Shape:
    """Columns, constraints and indexes of the metadata's tables as they are in this database."""
    connection = await asyncpg.connect(url)
    try:
        return {
            tuple(row)
            for question in (_COLUMNS, _CONSTRAINTS, _INDEXES)
            for row in await connection.fetch(question, list(metadata.tables))
        }
    finally:
        await connection.close()


async def described_shape(server: Postgres, metadata: sa.MetaData) -> Shape:
    """The same of a database that holds what the metadata describes and nothing else."""
    admin = await asyncpg.connect(server.url())
    try:
        await admin.execute("CREATE DATABASE described")
        engine = create_async_engine(server.url("described").replace("postgresql", "postgresql+asyncpg", 1))
        async with engine.begin() as connection:
            await connection.execute(sa.text("CREATE EXTENSION btree_gist"))
            await connection.run_sync(metadata.create_all)
        await engine.dispose()
        return await migrated_shape(server.url("described"), metadata)
    finally:
        await admin.execute("DROP DATABASE IF EXISTS described WITH (FORCE)")
        await admin.close()
