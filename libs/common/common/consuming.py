"""Consuming on one FastStream batch subscriber; its handler and the keeper task share one lock."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import groupby
from typing import Any

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage

from common import failpoints
from common.applying import Applying, Record, is_mistake
from common.catching_up import CatchingUp, ends_of
from common.incoming import Fate
from common.pausing import pause_after
from common.positions import Offsets
from common.standstill import Standstill
from common.stepping_over import step_over

log = structlog.get_logger()

MAX_RECORDS = 500
RECHECK_SECONDS = 10.0
"""How often the stored positions are compared again: a database restored under us is noticed without a restart."""
STUCK_SECONDS = 5.0
SESSION_MS = 6_000
"""How long the group waits for a member that was killed, its successor included; brokers allow no less by default."""
STOP_SECONDS = 5.0
_LONGEST_PAUSE = 10.0
_BEFORE_GROUP_COMMIT = failpoints.point("consume.before_group_commit")
_AFTER_GROUP_COMMIT = failpoints.point("consume.after_group_commit")


async def _raw_parser(batch: Any) -> KafkaAckableMessage:
    """Total ●: a header that is not UTF-8 would lose the batch, so none is decoded. Metrics join the body as bytes."""
    return KafkaAckableMessage(
        body=[record.value or b"" for record in batch],
        headers={},
        batch_headers=[],
        raw_message=batch,
        message_id=f"{batch[0].offset}-{batch[-1].offset}",
        correlation_id="-",
        consumer=None,
    )


async def _raw_decoder(message: KafkaAckableMessage) -> Any:
    return message.raw_message


class Consuming(ConsumerRebalanceListener):  # type: ignore[misc]
    """One consumer of one service over all its topics. Use `running()` around the life of the process."""

    def __init__(self, bootstrap: str, applying: Applying) -> None:
        self._bootstrap, self._applying = bootstrap, applying
        self._broker = KafkaBroker(
            bootstrap,
            client_id=applying.consumer,
            logger=None,  # two coloured lines a batch among our JSON
            allow_auto_create_topics=False,
            graceful_timeout=STOP_SECONDS,
        )
        self._subscriber = self._broker.subscriber(
            *applying.effects,
            group_id=applying.consumer,
            batch=True,
            max_records=MAX_RECORDS,
            batch_timeout_ms=20,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 3,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            parser=_raw_parser,
            decoder=_raw_decoder,
            listener=self,
        )
        self._subscriber(self._take)
        self._at: Offsets = {}
        self._shown: Offsets = {}
        self._behind: Offsets = {}
        self._stale, self._failures = True, 0
        self._standstill = Standstill()
        self._aligned_at = self._looked_at = 0.0
        self._lock, self._wake = asyncio.Lock(), asyncio.Event()
        self._catching_up = CatchingUp(applying)
        self.caught_up = self._catching_up.done

    @property
    def _kafka(self) -> Any:
        return self._subscriber.consumer

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing: the next compare-and-swap would fail, and that is enough."""

    def on_partitions_assigned(self, assigned: Any) -> None:
        """Only marks ●: awaiting here stops heartbeats, and records were handed over before its seek."""
        self._stale = True
        self._wake.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connects in the background (Kafka may be away), consumes, and stops within seconds."""
        tasks = [asyncio.create_task(self._connect()), asyncio.create_task(self._keep())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            stopping = asyncio.ensure_future(self._broker.stop())
            await asyncio.wait([stopping, *tasks], timeout=STOP_SECONDS)  # may hang or raise ●
            if stopping.done() and not stopping.cancelled():
                stopping.exception()

    async def _connect(self) -> None:
        while True:
            try:
                await self._broker.start()
            except Exception as error:  # it never gives up: nobody else connects
                expected = isinstance(error, KafkaError | OSError)
                log.warning("kafka_away", kind=type(error).__name__, exc_info=not expected)
                with suppress(Exception):
                    await self._broker.stop()
                await asyncio.sleep(1)
            else:
                return

    async def _take(self, records: Sequence[Record]) -> None:
        async with self._lock:
            try:
                if self._stale:
                    return  # reassigned: all we hold is void, the keeper aligns
                of = groupby(records, lambda record: TopicPartition(record.topic, record.partition))
                batches = {partition: list(batch) for partition, batch in of}
                advances = [self._advance(partition, batch) for partition, batch in batches.items()]
                outcomes = await asyncio.gather(*advances, return_exceptions=True)
                for partition, outcome in zip(batches, outcomes, strict=True):
                    if isinstance(outcome, BaseException):
                        await self._stand_still(partition, outcome)
                self._failures = 0
            except Exception as error:
                await self._back_off(error)

    async def _advance(self, partition: TopicPartition, fetched: Sequence[Record]) -> None:
        start = self._at[partition]
        batch = [record for record in fetched if record.offset >= start]  # a seek may repeat what is applied
        if not batch:
            return
        if batch[0].offset != start:  # a batch that FastStream dropped, or a true gap: ask the log ●
            self._kafka.seek(partition, start)
            again = await self._kafka.getmany(partition, timeout_ms=500, max_records=MAX_RECORDS)
            if self._stale or not (batch := again.get(partition, [])):
                return
            if batch[0].offset < start:
                raise KafkaError(f"{partition} is shorter than position {start}")
        self._at[partition] = await self._applying.apply(partition, batch, start)
        self._standstill.end(partition)
        if not self.caught_up.is_set():
            self._wake.set()

    async def _stand_still(self, partition: TopicPartition, error: BaseException) -> None:
        """A mistake of ours stops its partition alone, as loudly as can be. Raises all other trouble."""
        if not is_mistake(error):
            raise error
        self._at |= await self._applying.positions([partition])
        self._kafka.pause(partition)
        pause = self._standstill.begin(partition, asyncio.get_running_loop().time())
        log.error(
            "consumer_stands_still",
            topic=partition.topic,
            partition=partition.partition,
            offset=self._at[partition],
            again_in_s=round(pause, 2),
            exc_info=error,
        )

    async def _try_again(self) -> None:
        async with self._lock:
            for partition in self._standstill.due(asyncio.get_running_loop().time()):
                self._kafka.seek(partition, self._at[partition])
                self._kafka.resume(partition)

    async def _keep(self) -> None:
        """FastStream calls its handler with records only: all that time drives lives here."""
        now = asyncio.get_running_loop().time
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._wake.wait()
            self._wake.clear()
            if self._kafka is None:
                continue
            try:
                async with self._lock:
                    while self._stale or now() > self._aligned_at + RECHECK_SECONDS:
                        await self._align()
                await self._catching_up.look(self._kafka)
                await self._try_again()
                await self._look_at_ends()
                await self._show_lag()
            except Exception as error:
                async with self._lock:
                    await self._back_off(error)

    async def _back_off(self, error: Exception) -> None:
        self._stale = True
        self._failures += 1
        wait = pause_after(self._failures, longest=_LONGEST_PAUSE)
        sqlstate = getattr(error, "sqlstate", None)  # the text of the error would quote values
        log.warning(
            "consuming_interrupted", kind=type(error).__name__, sqlstate=sqlstate, wait_s=round(wait, 2)
        )
        self._wake.set()
        await asyncio.sleep(wait)

    async def _align(self) -> None:
        """Seeks to what Postgres says wherever Kafka's client stands elsewhere."""
        forced, self._stale, assigned = self._stale, False, self._kafka.assignment()
        stored = await self._applying.positions(list(assigned))
        if self._stale:
            return  # reassigned meanwhile: once more
        for partition in assigned:
            if forced or stored[partition] != self._at.get(partition):
                self._kafka.seek(partition, stored[partition])
        self._standstill.keep(assigned)
        self._at, self._aligned_at = stored, asyncio.get_running_loop().time()

    async def _look_at_ends(self) -> None:
        """Notes whether a position stands still before its end."""
        now, at = asyncio.get_running_loop().time(), dict(self._at)
        if not at or now < self._looked_at + STUCK_SECONDS:
            return
        ends = await ends_of(self._kafka, at)
        self._looked_at = now
        behind = {partition: start for partition, start in at.items() if ends[partition] > start}
        for partition, start in behind.items():
            if partition not in self._standstill and self._behind.get(partition) == start:
                await self._step_over_unreadable(partition, start)
        self._behind = behind

    async def _step_over_unreadable(self, partition: TopicPartition, start: int) -> None:
        """A header key that is not UTF-8 blocks aiokafka's partition ●: read up to it alone, bury it, go on."""
        async with self._lock:
            if not self._stale and self._at.get(partition) == start:
                await step_over(self._bootstrap, self._applying, partition, start)
                self._stale = True
                self._wake.set()

    async def _show_lag(self) -> None:
        """The group's offsets, for lag tools only: nothing reads them back."""
        news = {
            tp: at
            for tp, at in self._at.items()
            if self._shown.get(tp) != at and tp in self._kafka.assignment()
        }
        if news:
            _BEFORE_GROUP_COMMIT()
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(2):
                    await self._kafka.commit(news)
                self._shown |= news
                _AFTER_GROUP_COMMIT()

    async def is_behind(self) -> bool:
        """Whether records wait to be applied, by this replica or another; also when Kafka cannot say."""
        return await self._catching_up.is_behind(self._kafka)

    async def lag_by_topic(self) -> dict[str, int]:
        """Records in Kafka that this replica has still to apply, for each topic that is listened to."""
        behind = dict.fromkeys(self._applying.effects, 0)
        if self._kafka is not None and self._at:
            at = dict(self._at)
            ends = await ends_of(self._kafka, at)
            for partition, position in at.items():
                behind[partition.topic] += max(0, ends[partition] - position)
        return behind

    async def standing_still(self) -> dict[str, int]:
        """How many partitions of each topic cannot go on because of a mistake of ours."""
        return dict.fromkeys(self._applying.effects, 0) | self._standstill.by_topic()

    async def fates(self) -> dict[str, int]:
        """How the records ended that this process took."""
        return {fate.value: self._applying.fates[fate] for fate in Fate}
