"""What two databases have in common: the tables of their metadata in every detail, which Alembic does not compare ●."""

from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from common.embedded import Postgres

COLUMNS = """SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
    attgenerated, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum)
  FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
  WHERE attnum > 0 AND attrelid::regclass::text = ANY ($1)"""
CONSTRAINTS = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
  WHERE conrelid::regclass::text = ANY ($1)"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE tablename = ANY ($1)"
TABLES = """SELECT oid::regclass::text, relkind, obj_description(oid) FROM pg_class
  WHERE oid::regclass::text = ANY ($1)"""
DETAILS = {"tables": TABLES, "columns": COLUMNS, "constraints": CONSTRAINTS, "indexes": INDEXES}

Shape = dict[str, set[tuple[Any, ...]]]


async def shape_of(url: str, metadata: sa.MetaData) -> Shape:
    """The tables of this metadata as they are in this database."""
    connection = await asyncpg.connect(url)
    try:
        return {
            name: {tuple(row) for row in await connection.fetch(query, list(metadata.tables))}
            for name, query in DETAILS.items()
        }
    finally:
        await connection.close()


async def shape_described(postgres: Postgres, metadata: sa.MetaData) -> Shape:
    """The tables of this metadata as SQLAlchemy makes them in an empty database."""
    server = await asyncpg.connect(postgres.url())
    await server.execute("CREATE DATABASE described")
    url = postgres.url("described")
    extended = await asyncpg.connect(url)
    await extended.execute("CREATE EXTENSION btree_gist")
    await extended.close()
    engine = create_async_engine(url.replace("postgresql", "postgresql+asyncpg", 1))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        return await shape_of(url, metadata)
    finally:
        await engine.dispose()
        await server.execute("DROP DATABASE described WITH (FORCE)")
        await server.close()
