"""Alembic's environment for every service; `common.migrations` passes what differs."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

config = context.config


def migrate(connection: Connection) -> None:
    """Everything that is outstanding, in one transaction, as the owner of the tables."""
    context.configure(connection=connection, target_metadata=config.attributes["metadata"])
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": config.attributes["lock"]})
        connection.execute(text(f"SET LOCAL lock_timeout = '{config.attributes['lock_timeout']}'"))
        connection.execute(text(f'SET LOCAL ROLE "{config.attributes["owner"]}"'))
        context.run_migrations()


async def connect_and_migrate() -> None:
    engine = create_async_engine(config.attributes["url"], poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(connect_and_migrate())
