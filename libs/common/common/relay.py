"""The relay publishes the outbox in order per key; one is active in the whole service, the others stand by."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from aiokafka.errors import CorruptRecordException, InvalidMessageError, KafkaError, MessageSizeTooLargeError

from common.clock import rfc3339
from common.db import prepare_connection
from common.envelope import Headers
from common.producing import GuardedProducer

log = structlog.get_logger()

BATCH = 500
POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 1.0
LOCK_TRUST_SECONDS = 2.0
"""How old the last proof of the lock may be when a record leaves; the server ends an idle holder after 5 s."""
HOLD_SECONDS = 10.0
_ADVISORY_LOCK = 0x0B0E

_BATCH = """SELECT position, day, id, events_topic, state_topic, key, type, subject, version, occurred_at,
    correlation_id, causation_id, actor, traceparent, value, stream_epoch, stream_n
  FROM outbox WHERE published_at IS NULL AND key <> ALL ($1::uuid[]) ORDER BY position LIMIT $2"""
_NUMBER = """WITH stream AS (
    UPDATE outbox_stream SET last_n = last_n + cardinality($1::bigint[])
    RETURNING epoch, last_n - cardinality($1::bigint[]) AS base)
  UPDATE outbox SET stream_epoch = stream.epoch, stream_n = stream.base + batch.n
  FROM stream, unnest($1::bigint[], $2::date[]) WITH ORDINALITY AS batch (position, day, n)
  WHERE (outbox.position, outbox.day) = (batch.position, batch.day)
  RETURNING outbox.position, outbox.stream_epoch, outbox.stream_n"""
_MARK = """UPDATE outbox SET published_at = clock_timestamp()
  FROM unnest($1::bigint[], $2::date[]) AS sent (position, day)
  WHERE (outbox.position, outbox.day) = (sent.position, sent.day)"""
_OF_THE_RECORD = (MessageSizeTooLargeError, InvalidMessageError, CorruptRecordException)

Row = Any
Numbers = dict[int, str]


class LockLost(Exception):
    """Another relay may be active: nothing of ours may leave any more."""


class Relay:
    """Run it as a task of the service; `finish` it, or cancel it, to stop."""

    def __init__(self, service: str, database_url: str, bootstrap: str) -> None:
        self._source = f"/hospital/{service}"
        self._url, self._bootstrap = database_url, bootstrap
        self._woken = asyncio.Event()
        self._statement = asyncio.Lock()
        self._proven_at = 0.0
        self._finishing = False
        self._active = False

    async def is_active(self) -> bool:
        """Whether this replica publishes; the others stand by."""
        return self._active

    def finish(self) -> None:
        """Ends `run` after the batch that is under way."""
        self._finishing = True
        self._woken.set()

    def wake(self) -> None:
        """Something was committed."""
        self._woken.set()

    async def run(self) -> None:
        failures = 0
        while not self._finishing:
            started = time.monotonic()
            try:
                await self._stand_by_then_lead()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, KafkaError, OSError, LockLost) as error:
                failures = 0 if time.monotonic() - started > 30 else failures + 1
                log.warning("relay_interrupted", kind=type(error).__name__, failures=failures)
                await asyncio.sleep(min(5.0, 0.2 * 2 ** min(failures, 6)))

    async def _stand_by_then_lead(self) -> None:
        connection = await asyncpg.connect(
            self._url, server_settings={"idle_session_timeout": "5s"}, timeout=5, command_timeout=10
        )
        try:
            await prepare_connection(connection)
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _ADVISORY_LOCK):
                if self._finishing:
                    return
                await asyncio.sleep(HEARTBEAT_SECONDS)
            self._proven_at = time.monotonic()
            await self._lead(connection)
        finally:
            self._active = False
            connection.terminate()

    async def _lead(self, connection: "asyncpg.Connection[Any]") -> None:
        producer = GuardedProducer(self._bootstrap, self._lock_is_ours)
        heartbeat = asyncio.create_task(self._keep_lock(connection))
        work = asyncio.create_task(self._publish_for_ever(connection, producer))
        try:
            done, _ = await asyncio.wait((heartbeat, work), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (heartbeat, work):
                task.cancel()
            await asyncio.gather(heartbeat, work, return_exceptions=True)
            await producer.let_go()

    def _lock_is_ours(self) -> bool:
        return time.monotonic() - self._proven_at < LOCK_TRUST_SECONDS

    async def _keep_lock(self, connection: "asyncpg.Connection[Any]") -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._run(connection.fetchval, "SELECT 1")

    async def _run(self, call: Any, *arguments: Any) -> Any:
        """A statement on the connection that holds the lock: its answer proves that the lock was ours when asked."""
        async with self._statement:
            asked_at = time.monotonic()
            answer = await call(*arguments)
            self._proven_at = asked_at
            return answer

    async def _publish_for_ever(
        self, connection: "asyncpg.Connection[Any]", producer: GuardedProducer
    ) -> None:
        await producer.start()
        self._active = True
        held: set[UUID] = set()
        release_at = 0.0
        while not self._finishing:
            if held and time.monotonic() > release_at:
                held.clear()
            self._woken.clear()
            rows = await self._run(connection.fetch, _BATCH, list(held), BATCH)
            if rows:
                failed = await self._publish(connection, producer, rows)
                if failed:
                    held |= failed
                    release_at = time.monotonic() + HOLD_SECONDS
            if len(rows) < BATCH:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)

    async def _publish(
        self, connection: "asyncpg.Connection[Any]", producer: GuardedProducer, rows: Sequence[Row]
    ) -> set[UUID]:
        """Numbers, sends, awaits the acknowledgements in order and marks. Answers the keys that are now on hold."""
        numbers = await self._number(connection, rows)
        held: set[UUID] = set()
        sent: list[Row] = []
        try:
            sending = [(row, await self._send(producer, row, numbers, held)) for row in rows]
            for row, acknowledgements in sending:
                try:
                    for acknowledgement in acknowledgements:
                        await acknowledgement
                    if row["key"] not in held:
                        sent.append(row)
                except _OF_THE_RECORD as error:
                    self._hold(row, error, held)
        finally:
            if sent:
                await self._run(
                    connection.execute, _MARK, [row["position"] for row in sent], [row["day"] for row in sent]
                )
        return held

    async def _number(self, connection: "asyncpg.Connection[Any]", rows: Sequence[Row]) -> Numbers:
        """The stream number of each event; a number once given is kept, so a resend carries the same."""
        fresh = [row for row in rows if row["events_topic"] and row["stream_n"] is None]
        numbers = {
            row["position"]: f"{row['stream_epoch']}.{row['stream_n']}" for row in rows if row["stream_n"]
        }
        if fresh:
            given = await self._run(
                connection.fetch, _NUMBER, [row["position"] for row in fresh], [row["day"] for row in fresh]
            )
            numbers |= {row["position"]: f"{row['stream_epoch']}.{row['stream_n']}" for row in given}
        return numbers

    async def _send(
        self, producer: GuardedProducer, row: Row, numbers: Numbers, held: set[UUID]
    ) -> list["asyncio.Future[Any]"]:
        if row["key"] in held:
            return []
        headers = self._headers(row, numbers.get(row["position"])).encode()
        key = str(row["key"]).encode()
        try:
            return [
                await producer.send(topic, key, row["value"], headers)
                for topic in (row["events_topic"], row["state_topic"])
                if topic is not None
            ]
        except _OF_THE_RECORD as error:
            self._hold(row, error, held)
            return []

    def _hold(self, row: Row, error: Exception, held: set[UUID]) -> None:
        held.add(row["key"])
        log.error("record_refused", event_id=str(row["id"]), type=row["type"], kind=type(error).__name__)

    def _headers(self, row: Row, streamseq: str | None) -> Headers:
        return Headers(
            id=str(row["id"]),
            source=self._source,
            type=row["type"],
            subject=row["subject"],
            time=rfc3339(row["occurred_at"]),
            partitionkey=str(row["key"]),
            sequence=row["version"],
            streamseq=streamseq,
            correlationid=row["correlation_id"],
            causationid=row["causation_id"],
            actor=row["actor"],
            traceparent=row["traceparent"],
        )
