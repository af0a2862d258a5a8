"""The smallest service that uses every mechanism: counters that are raised, and a tally of what was heard of them."""

import itertools
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import UUID as Uuid, insert
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from tink import aead, json_proto_keyset_format, new_keyset_handle, secret_key_access

from common.clock import utc_now
from common.command import command
from common.crypto import MasterKeys
from common.db import Database, UnitOfWork, database
from common.ddl import outbox_ddl
from common.embedded import Postgres
from common.envelope import Fact, Received, fact
from common.errors import NotFound, Refusal
from common.idempotency import UNCONDITIONAL, Outcome
from common.ids import new_id
from common.mechanism_tables import add_mechanism_tables
from common.statements import Statement, insert_into
from common.topics import Topic
from tests.support.waiting import eventually

_numbers = itertools.count(1)
OWNER, ROLE = "toy_owner", "toy"
TEMPLATE = "toy_template"

metadata = sa.MetaData()
counter = sa.Table(
    "counter",
    metadata,
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.Column("seat", sa.Integer),
    sa.Column("department_id", Uuid),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("name", name="counter_name_taken"),
    sa.UniqueConstraint("seat", name="counter_seat_taken", deferrable=True, initially="DEFERRED"),
    sa.CheckConstraint("value <= 1000", name="counter_ceiling"),
)
heard = sa.Table(  # one row per effect and no key: what is done twice is seen twice
    "heard",
    metadata,
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("counter_id", Uuid, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("batch", Uuid),
)
tally = sa.Table(
    "tally",
    metadata,
    sa.Column("counter_id", Uuid, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
)
add_mechanism_tables(metadata)


class NameTaken(Refusal):
    code = "name_taken"
    sentence = "Another counter has this name."


class CeilingReached(Refusal):
    code = "ceiling_reached"
    sentence = "A counter ends at 1000."


class SeatTaken(Refusal):
    code = "seat_taken"
    sentence = "Another counter has this seat."


REFUSALS: Mapping[str, type[Refusal]] = {
    "counter_name_taken": NameTaken,
    "counter_ceiling": CeilingReached,
    "counter_seat_taken": SeatTaken,
}

ADD = Statement(insert_into(counter))
LOCK = Statement(sa.select(counter).where(counter.c.id == sa.bindparam("of_id")).with_for_update())
ONE = Statement(sa.select(counter).where(counter.c.id == sa.bindparam("of_id")))
ALL = Statement(sa.select(counter).order_by(counter.c.id))
WRITE = Statement(
    sa.update(counter)
    .where(counter.c.id == sa.bindparam("of_id"))
    .values(
        {name: sa.bindparam(name, type_=counter.c[name].type) for name in ("value", "changed_at", "version")}
    )
)
HEAR = Statement(insert_into(heard))
HEARD = Statement(sa.select(heard))
COPY = Statement(
    (
        copy := insert(tally).values({c.name: sa.bindparam(c.name, type_=c.type) for c in tally.columns})
    ).on_conflict_do_update(
        index_elements=["counter_id"],
        set_={"value": copy.excluded.value, "version": copy.excluded.version},
        where=tally.c.version < copy.excluded.version,
    )
)


@dataclass(frozen=True, slots=True)
class Counter:
    id: UUID
    name: str
    value: int
    seat: int | None
    department_id: UUID | None
    changed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Toy:
    """One toy service: a database of its own, and a name of its own, hence topics of its own."""

    service: str
    url: str
    admin_url: str
    database: Database

    @property
    def topic(self) -> Topic:
        return topic_of(self.service)


def topic_of(service: str) -> Topic:
    return Topic(service, "counter", has_state=True)


async def make_template(server: asyncpg.Connection, url: Callable[[str], str]) -> None:
    """The database that every toy is copied from, as a migration would leave it."""
    await server.execute(f"CREATE ROLE {OWNER} NOLOGIN")
    await server.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}'")
    await server.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
    connection = await asyncpg.connect(url(TEMPLATE))
    try:
        await connection.execute(f"SET ROLE {OWNER}")
        for statement in (*_tables(), *outbox_ddl(ROLE)):
            await connection.execute(statement)
        await connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON counter, heard, tally TO {ROLE}")
    finally:
        await connection.close()


@asynccontextmanager
async def a_toy(postgres: Postgres, template: str) -> AsyncIterator[Toy]:
    """With a database copied from the template, for as long as it is used."""
    service = f"toy{next(_numbers)}"
    server = await asyncpg.connect(postgres.url())
    await server.execute(f"CREATE DATABASE {service} TEMPLATE {template} OWNER {OWNER}")
    url = postgres.url(service, ROLE, ROLE)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.close)
        stack.push_async_callback(server.execute, f"DROP DATABASE {service} WITH (FORCE)")
        database = await stack.enter_async_context(opened(url))
        yield Toy(service, url, postgres.url(service), database)


def _tables() -> list[str]:
    statements: list[str] = []
    dialect = PGDialect_asyncpg()
    engine = sa.create_mock_engine(
        "postgresql+asyncpg://",
        lambda ddl, *_, **__: statements.append(str(ddl.compile(dialect=dialect))),
    )
    metadata.create_all(engine, checkfirst=False)
    return statements


@asynccontextmanager
async def opened(url: str, *, size: int = 10) -> AsyncIterator[Database]:
    async with database(url, refusals=REFUSALS, size=size) as db:
        yield db


def a_keyset() -> str:
    keyset: str = json_proto_keyset_format.serialize(
        new_keyset_handle(aead.aead_key_templates.AES256_GCM), secret_key_access.TOKEN
    )
    return keyset


KEYSET = os.environ.get("TOY_KEYSET") or a_keyset()  # a child process gets that of its parent
KEYS = MasterKeys(KEYSET)


@command
async def add_counter(
    act: UnitOfWork,
    name: str,
    *,
    service: str = "toy",
    seat: int | None = None,
    department_id: UUID | None = None,
) -> Outcome:
    new = Counter(new_id(), name, 0, seat, department_id, await act.moment(), 1)
    await act.run(ADD, **_row(new))
    act.publish(_told(service, "added", new))
    return Outcome(201, new.id)


@command
async def raise_counter(
    act: UnitOfWork, counter_id: UUID, *, service: str = "toy", by: int = 1, padding: int = 0
) -> Outcome:
    """`padding` makes the event that many bytes longer."""
    row = await act.first(LOCK, of_id=counter_id)
    if row is None:
        raise NotFound
    before = Counter(**row)
    act.demand.expect(tag(before.version))
    new = replace(
        before,
        value=before.value + by,
        changed_at=await act.moment(before.changed_at),
        version=before.version + 1,
    )
    await act.run(WRITE, of_id=new.id, value=new.value, changed_at=new.changed_at, version=new.version)
    act.publish(_told(service, "raised", new, before, padding))
    return Outcome(200, new.id)


async def a_counter(toy: Toy, **more: Any) -> UUID:
    """A counter at 0, in version 1."""
    outcome = await add_counter(
        toy.database, UNCONDITIONAL, f"counter {uuid4()}", service=toy.service, **more
    )
    return outcome.resource


def a_fact(toy: Toy, counter_id: UUID, version: int = 1) -> Fact:
    """A fact of a counter that nobody checks against its row."""
    counter = Counter(counter_id, "told", version, None, None, utc_now(), version)
    return _told(toy.service, "raised", counter)


async def raised(toy: Toy, counter_id: UUID, **more: Any) -> None:
    """The counter is one higher, and the toy's own topic will tell of it."""
    await raise_counter(toy.database, UNCONDITIONAL, counter_id, service=toy.service, **more)


async def counter_of(toy: Toy, counter_id: UUID) -> Counter:
    row = await toy.database.read.first(ONE, of_id=counter_id)
    assert row is not None
    return Counter(**row)


async def somebody_waits(toy: Toy) -> None:
    """Until a statement in the toy's database waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    await eventually(lambda: toy.database.pool.fetchval(waiting), within=5)


def tag(version: int) -> str:
    return f'"{version}"'


def _row(row: Counter) -> dict[str, object]:
    return {name: getattr(row, name) for name in Counter.__dataclass_fields__}


def _told(service: str, happened: str, new: Counter, before: Counter | None = None, padding: int = 0) -> Fact:
    more = {"padding": "x" * padding} if padding else {}
    return fact(topic_of(service), happened, new, key=new.id, at=new.changed_at, before=before, **more)


class _Told(BaseModel):
    id: UUID
    value: int


def read_counter(event: Received) -> Received:
    """An event that tells of a counter."""
    _Told.model_validate(event.payload)
    return event


async def hear(act: UnitOfWork, event: Received) -> None:
    """The effect of one event: a row that says so, and a copy of the newest state."""
    counter_id = UUID(event.payload["id"])
    await act.run(HEAR, event_id=event.id, counter_id=counter_id, version=event.version, batch=None)
    await act.run(COPY, counter_id=counter_id, value=event.payload["value"], version=event.version)


async def hear_together(act: UnitOfWork, events: Sequence[Received]) -> None:
    """The same for a whole batch, which leaves its mark on each of its rows."""
    batch = uuid4()
    for event in events:
        counter_id = UUID(event.payload["id"])
        await act.run(HEAR, event_id=event.id, counter_id=counter_id, version=event.version, batch=batch)
        await act.run(COPY, counter_id=counter_id, value=event.payload["value"], version=event.version)
