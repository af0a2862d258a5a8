"""Applying records: effects, inbox, dead letters and position of one partition in one transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import structlog
from aiokafka import ConsumerRecord, TopicPartition

from common import dead_letters, failpoints, positions, tracing
from common.command import repeated
from common.context import Trail, following
from common.crypto import MasterKeys
from common.db import Database, UnitOfWork
from common.envelope import Received, Unreadable, parse
from common.errors import Refusal

log = structlog.get_logger()

Record: TypeAlias = ConsumerRecord[Any, Any]

#: SQLSTATE classes that a record can cause: cardinality, data, integrity constraint, program limit.
_OF_THE_RECORD = ("21", "22", "23", "54")

_BEFORE_EFFECT = failpoints.point("consume.before_effect")
_COMMIT = failpoints.around_commit("consume")
_BURIAL = failpoints.around_commit("bury")


@dataclass(frozen=True, slots=True)
class Reaction:
    """An aggregate's use case: one record, one transaction (a batch deadlocked with a swap ●)."""

    handle: Callable[[UnitOfWork, Received], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Projection:
    """A local copy: a whole batch in one transaction, sorted by key."""

    apply: Callable[[UnitOfWork, Sequence[Received]], Awaitable[None]]


Effects = Mapping[str, Reaction | Projection]


def is_of_the_record(error: BaseException) -> bool:
    """True when the record can never be applied; anything else means "wait and try again"."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in _OF_THE_RECORD
    return isinstance(error, Refusal | Unreadable | KeyError | ValueError | TypeError)


class Applying:
    """The store of one consumer: what its topics do to the database."""

    def __init__(self, consumer: str, database: Database, keys: MasterKeys, effects: Effects) -> None:
        self.consumer, self.effects = consumer, effects
        self._database, self._keys = database, keys

    async def positions(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return await positions.stored(self._database.read, self.consumer, partitions)

    async def apply(self, partition: TopicPartition, records: Sequence[Record], start: int) -> int:
        """Applies the records and answers the new position. Raises whatever means "wait"."""
        if isinstance(effect := self.effects[partition.topic], Projection):
            try:
                return await self._project(effect, partition, records, start)
            except Exception as error:
                if not is_of_the_record(error):
                    raise
        for record in records:  # of a reaction always, of a projection when one of the batch breaks it
            start = await self._one(effect, partition, record, start)
        return start

    @repeated
    async def _project(
        self, effect: Projection, partition: TopicPartition, records: Sequence[Record], start: int
    ) -> int:
        end = int(records[-1].offset) + 1
        by_key = sorted(records, key=lambda record: record.key or b"")
        received = {(event.source, event.id): event for event in map(_read, by_key)}
        with tracing.processing_together(self.consumer, received.values()):
            async with self._database.write(around=_COMMIT) as act:
                fresh = await positions.take(act, self.consumer, partition, start, end, received)
                _BEFORE_EFFECT()
                await effect.apply(act, [event for identity, event in received.items() if identity in fresh])
        return end

    async def _one(
        self, effect: Reaction | Projection, partition: TopicPartition, record: Record, start: int
    ) -> int:
        try:
            await self._react(effect, partition, record, start)
        except Exception as error:
            if not is_of_the_record(error):
                raise
            await self.bury(partition, record, start, _reason(error))
        return int(record.offset) + 1

    @repeated
    async def _react(
        self, effect: Reaction | Projection, partition: TopicPartition, record: Record, start: int
    ) -> None:
        event = _read(record)
        traceparent = tracing.valid(event.traceparent)
        trail = Trail(event.correlation_id, f"service/{self.consumer}", event.id, traceparent)
        with following(trail), tracing.processing(self.consumer, event):
            async with self._database.write(around=_COMMIT) as act:
                end, identity = record.offset + 1, (event.source, event.id)
                is_fresh = await positions.take(act, self.consumer, partition, start, end, [identity])
                _BEFORE_EFFECT()
                if is_fresh:
                    match effect:
                        case Reaction(handle):
                            await handle(act, event)
                        case Projection(apply):
                            await apply(act, [event])

    async def bury(self, partition: TopicPartition, record: Record, start: int, reason: str) -> None:
        """Keeps the record as a dead letter and moves on."""
        async with self._database.write(around=_BURIAL) as act:
            await positions.move(act, self.consumer, partition, start, record.offset + 1)
            await act.run(dead_letters.BURY, **dead_letters.burial(self._keys, self.consumer, record, reason))
        log.warning(
            "record_buried",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason,
        )


def _read(record: Record) -> Received:
    return parse(record.topic, record.key, record.headers, record.value)


def _reason(error: Exception) -> str:
    """Why, without any content: messages of Postgres quote values."""
    match error:
        case Unreadable():
            return str(error)
        case Refusal():
            return f"refused: {error.code}"
        case asyncpg.PostgresError():
            return f"SQLSTATE {error.sqlstate} {error.constraint_name or ''}".strip()
    return type(error).__name__
