"""The relay publishes the outbox in order per key; one is active in the whole service, the others stand by."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from aiokafka.errors import (
    CorruptRecordException,
    InvalidMessageError,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
)

from common import failpoints, tracing
from common.clock import rfc3339
from common.db import TROUBLE
from common.envelope import Headers
from common.leading import Lead, stand_by_then_lead
from common.pausing import pause_after
from common.producing import GuardedProducer

log = structlog.get_logger()

BATCH = 500
POLL_SECONDS = 1.0
PACE_SECONDS = 0.025
"""From one batch to the next: the first event after a rest goes out at once, what follows is gathered, since
numbering, sending, marking and reading cost per batch."""
HOLD_SECONDS = 10.0
_LONGEST_PAUSE = 5.0
_ADVISORY_LOCK = 0x0B0E

_BATCH = """SELECT position, day, id, events_topic, state_topic, key, type, subject, version, occurred_at,
    correlation_id, causation_id, actor, traceparent, value, stream_epoch, stream_n
  FROM outbox WHERE published_at IS NULL AND key <> ALL ($1::uuid[]) ORDER BY position LIMIT $2"""
# By `= ANY` and not by a join with `unnest`: the plan of such a join reads the whole outbox.
_NUMBER = """WITH stream AS (
    UPDATE outbox_stream SET last_n = last_n + cardinality($1::bigint[])
    RETURNING epoch, last_n - cardinality($1::bigint[]) AS base)
  UPDATE outbox SET stream_epoch = stream.epoch, stream_n = stream.base + array_position($1, outbox.position)
  FROM stream
  WHERE outbox.published_at IS NULL AND outbox.position = ANY ($1) AND outbox.day = ANY ($2::date[])
  RETURNING outbox.position, outbox.stream_epoch, outbox.stream_n"""
_MARK = """UPDATE outbox SET published_at = clock_timestamp()
  WHERE published_at IS NULL AND position = ANY ($1::bigint[]) AND day = ANY ($2::date[])"""
_NUMBERED = failpoints.point("relay.numbered")
_SENT = failpoints.point("relay.sent")
_ACKNOWLEDGED = failpoints.point("relay.acknowledged")
_MARKED = failpoints.point("relay.marked")
_OF_THE_RECORD = (MessageSizeTooLargeError, InvalidMessageError, CorruptRecordException)

_EXPECTED = (*TROUBLE, KafkaError)

Row = Any
Numbers = dict[int, str]


class Relay:
    """Run it as a task of the service; `finish` it, or cancel it, to stop."""

    def __init__(self, service: str, database_url: str, bootstrap: str) -> None:
        self._source = f"/hospital/{service}"
        self._url, self._bootstrap = database_url, bootstrap
        self._woken = asyncio.Event()
        self._finishing = False
        self._active = False
        self._held: set[UUID] = set()
        self._release_at = 0.0

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
                await stand_by_then_lead(
                    self._url, _ADVISORY_LOCK, self._lead, stopping=lambda: self._finishing
                )
            except Exception as error:  # it never gives up: nobody else publishes
                failures = 0 if time.monotonic() - started > 30 else failures + 1
                log.warning(
                    "relay_interrupted",
                    kind=type(error).__name__,
                    failures=failures,
                    exc_info=not isinstance(error, _EXPECTED),
                )
                await asyncio.sleep(pause_after(failures, longest=_LONGEST_PAUSE))

    async def _lead(self, lead: Lead) -> None:
        try:
            while not self._finishing:
                await self._publish_until_refused(lead)
        finally:
            self._active = False

    async def _publish_until_refused(self, lead: Lead) -> None:
        """The life of one producer: a refused record leaves a gap in its sequence, and the broker takes no more ●."""
        producer = GuardedProducer(self._bootstrap, lead.is_certain)
        try:
            await producer.start()
            self._active = True
            while not self._finishing:
                if self._held and time.monotonic() > self._release_at:
                    self._held.clear()
                self._woken.clear()
                began = time.monotonic()
                async with lead.connection() as connection:
                    rows = await connection.fetch(_BATCH, list(self._held), BATCH)
                if rows and (refused := await self._publish(lead, producer, rows)):
                    self._held |= refused
                    self._release_at = time.monotonic() + HOLD_SECONDS
                    return
                if len(rows) < BATCH:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._woken.wait()
                    await asyncio.sleep(began + PACE_SECONDS - time.monotonic())
        finally:
            await producer.let_go()

    async def _publish(self, lead: Lead, producer: GuardedProducer, rows: Sequence[Row]) -> set[UUID]:
        """Numbers, sends, awaits the acknowledgements in order and marks. Answers the keys that are now on hold."""
        numbers = await self._number(lead, rows)
        _NUMBERED()
        held: set[UUID] = set()
        sent: list[Row] = []
        try:
            sending = [(row, await self._send(producer, row, numbers, held)) for row in rows]
            _SENT()
            for row, acknowledgements in sending:
                try:
                    for acknowledgement in acknowledgements:
                        await acknowledgement
                    if row["key"] not in held:
                        sent.append(row)
                except _OF_THE_RECORD as error:
                    self._hold(row, error, held)
                except OutOfOrderSequenceNumber:
                    if not held:
                        raise  # else it is the gap of the refused record: the next producer sends this again
        finally:
            if sent:
                _ACKNOWLEDGED()
                async with lead.connection() as connection:
                    await connection.execute(
                        _MARK, [row["position"] for row in sent], [row["day"] for row in sent]
                    )
                _MARKED()
        return held

    async def _number(self, lead: Lead, rows: Sequence[Row]) -> Numbers:
        """The stream number of each event; a number once given is kept, so a resend carries the same."""
        fresh = [row for row in rows if row["events_topic"] and row["stream_n"] is None]
        numbers = {
            row["position"]: f"{row['stream_epoch']}.{row['stream_n']}" for row in rows if row["stream_n"]
        }
        if fresh:
            async with lead.connection() as connection:
                given = await connection.fetch(
                    _NUMBER, [row["position"] for row in fresh], [row["day"] for row in fresh]
                )
            numbers |= {row["position"]: f"{row['stream_epoch']}.{row['stream_n']}" for row in given}
        return numbers

    async def _send(
        self, producer: GuardedProducer, row: Row, numbers: Numbers, held: set[UUID]
    ) -> list["asyncio.Future[Any]"]:
        if row["key"] in held:
            return []
        topics = [topic for topic in (row["events_topic"], row["state_topic"]) if topic is not None]
        span = tracing.sending(row["traceparent"], topics[0], str(row["id"]))
        traceparent = row["traceparent"] if span is None else tracing.traceparent_of(span)
        headers = self._headers(row, numbers.get(row["position"]), traceparent).encode()
        key = str(row["key"]).encode()
        try:
            acknowledgements = [await producer.send(topic, key, row["value"], headers) for topic in topics]
            if span is not None:
                acknowledgements[-1].add_done_callback(lambda _: span.end())
            return acknowledgements
        except _OF_THE_RECORD as error:
            self._hold(row, error, held)
            if span is not None:
                span.end()
            return []

    def _hold(self, row: Row, error: Exception, held: set[UUID]) -> None:
        held.add(row["key"])
        log.error("record_refused", event_id=str(row["id"]), type=row["type"], kind=type(error).__name__)

    def _headers(self, row: Row, streamseq: str | None, traceparent: str | None) -> Headers:
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
            traceparent=traceparent,
        )
