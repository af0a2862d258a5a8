"""The database: a `Reader` for single statements, a `UnitOfWork` for one act in one transaction."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from common import failpoints, outbox
from common.clock import INSTANT
from common.context import current_trail
from common.envelope import Fact
from common.errors import Refusal
from common.idempotency import SETTLE, UNCONDITIONAL, Demand, Outcome
from common.retrying import retry
from common.stamp import Stamp, Versioned
from common.statements import Statement

Refusals = Mapping[str, type[Refusal]]
TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What a statement may raise while the server comes and goes; InternalClientError when its farewell is unread ●."""
STARTING_SECONDS = 60.0
"""How long a process that starts waits for its database: both may have lost power at the same moment."""
_STARTING = (
    asyncpg.OperatorInterventionError,  # it starts, or ends again while it is connected to ●
    *(asyncpg.PostgresConnectionError, asyncpg.InternalClientError, OSError),
)
_NOW = "SELECT clock_timestamp()"


async def prepare_connection(connection: "asyncpg.Connection[Any]") -> None:
    """Codecs of our own: UUIDs that orjson takes, jsonb without text in between."""
    await connection.set_type_codec(
        "uuid",
        schema="pg_catalog",
        format="binary",
        encoder=lambda u: u.bytes,
        decoder=lambda b: UUID(bytes=b),
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value, option=orjson.OPT_UTC_Z),
        decoder=lambda encoded: orjson.loads(encoded[1:]),
    )


class Reader:
    """Runs single statements, each in its own snapshot."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    async def all(self, statement: Statement, **values: Any) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._executor.fetch(statement.sql, *statement.arguments(values))
        return rows

    async def first(self, statement: Statement, **values: Any) -> asyncpg.Record | None:
        return await self._executor.fetchrow(statement.sql, *statement.arguments(values))  # type: ignore[no-any-return]

    async def value(self, statement: Statement, **values: Any) -> Any:
        return await self._executor.fetchval(statement.sql, *statement.arguments(values))


class UnitOfWork(Reader):
    """One act: everything in it is committed together, with the facts that tell of it.

    Order inside (architecture, *One write*): lock, take the time, decide, write, publish.
    """

    def __init__(self, connection: Any, demand: Demand = UNCONDITIONAL) -> None:
        super().__init__(connection)
        self.connection = connection
        self.demand = demand
        self.has_written = False
        self.facts: list[Fact] = []
        self._outcome: dict[str, Any] | None = None
        self.afterwards: list[Callable[[], None]] = []
        """Called once the act is committed: wake-ups in this process, which may be lost."""

    async def run(self, statement: Statement, **values: Any) -> int:
        """Executes and says how many rows it touched."""
        self.has_written = True
        status: str = await self.connection.execute(statement.sql, *statement.arguments(values))
        return int(status.rpartition(" ")[2])

    async def moment(self, *latest: datetime | None) -> datetime:
        """The act's one time: read after the locks ●, and later than every change of the rows that it touches."""
        now: datetime = await self.connection.fetchval(_NOW)
        return max([now, *(moment + INSTANT for moment in latest if moment is not None)])

    async def stamp(self, *locked: Versioned | None) -> Stamp:
        """The act's one time and its actor, taken once all that it touches is locked, and again if more is locked."""
        latest = (aggregate.changed_at for aggregate in locked if aggregate is not None)
        return Stamp(await self.moment(*latest), current_trail().actor)

    def publish(self, *facts: Fact) -> None:
        """Hands over what happened; it is recorded in the outbox after the last change of the act."""
        self.facts.extend(facts)

    def settle(self, outcome: Outcome) -> None:
        """What a later request under the same Idempotency-Key is answered with."""
        if self.demand.key is not None:
            self._outcome = {
                "of_user": self.demand.user_id,
                "of_key": self.demand.key,
                "status": outcome.status,
                "resource": outcome.resource,
            }

    async def conclude(self) -> None:
        """Writes facts and outcome, in a statement after the last change ●. Called once, right before the commit."""
        if self.facts and self._outcome:
            await self.run(outbox.RECORD_AND_SETTLE, **outbox.as_columns(self.facts), **self._outcome)
        elif self.facts:
            await self.run(outbox.RECORD, **outbox.as_columns(self.facts))
        elif self._outcome:
            await self.run(SETTLE, **self._outcome)


class Database:
    """A pool, the names of the constraints that mean a refusal, and who is told after a commit."""

    def __init__(self, pool: "asyncpg.Pool[Any]", refusals: Refusals) -> None:
        self.pool = pool
        self.read = Reader(pool)
        self._refusals = refusals
        self._after_commit: list[Callable[[list[Fact]], None]] = []

    def after_commit(self, tell: Callable[[list[Fact]], None]) -> None:
        """`tell` is called with the facts of each act once they are committed: wake-ups only, they may be lost."""
        self._after_commit.append(tell)

    @asynccontextmanager
    async def write(
        self, demand: Demand = UNCONDITIONAL, *, around: failpoints.Commit = failpoints.UNNAMED
    ) -> AsyncIterator[UnitOfWork]:
        """One transaction. Constraints that the act runs into become the refusals of their names."""
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                act = UnitOfWork(connection, demand)
                yield act
                await act.conclude()
                if act.has_written:
                    around.before()
        except asyncpg.IntegrityConstraintViolationError as violated:
            refusal = self._refusals.get(violated.constraint_name or "")
            if refusal is None:
                raise
            raise refusal from violated
        if act.has_written:
            around.after()
        for tell in self._after_commit:
            tell(act.facts)
        for call in act.afterwards:
            call()


async def _keep_nothing(_: Any) -> None:
    """No session state lives on pooled connections, so there is nothing to reset (a round trip saved)."""


@asynccontextmanager
async def database(url: str, *, refusals: Refusals, size: int = 10) -> AsyncIterator[Database]:
    """A database for the life of a process. One that is only just starting is waited for."""
    async with await _open_pool(url, size) as pool:
        yield Database(pool, refusals)


@retry(on=_STARTING, attempts=None, timeout=STARTING_SECONDS, wait_initial=0.2, wait_max=1)
async def _open_pool(url: str, size: int) -> "asyncpg.Pool[Any]":
    return await asyncpg.create_pool(
        url,
        min_size=2,
        max_size=size,
        init=prepare_connection,
        reset=_keep_nothing,
        server_settings={"idle_in_transaction_session_timeout": "5s", "jit": "off"},
    )
