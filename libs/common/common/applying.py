"""Applying records: effects, inbox, dead letters and position of one partition in one transaction."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import asyncpg
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from common import dead_letters, failpoints, positions, tracing
from common.command import repeated
from common.context import Trail, following
from common.crypto import MasterKeys
from common.db import Database, UnitOfWork
from common.envelope import Received, Unreadable
from common.errors import Refusal, Unavailable
from common.incoming import Fate, Incoming, receive
from common.positions import Moved

log = structlog.get_logger()

Record: TypeAlias = ConsumerRecord[Any, Any]
T = TypeVar("T")

#: SQLSTATE classes that a record can cause: cardinality, data, integrity constraint, program limit.
_OF_THE_RECORD = ("21", "22", "23", "54")

#: Those that only a program can cause: unknown features, tables, columns, functions.
_OF_THE_PROGRAM = ("0A", "42", "P0")

_BEFORE_EFFECT = failpoints.point("consume.before_effect")
_COMMIT = failpoints.around_commit("consume")
_BURIAL = failpoints.around_commit("bury")


@dataclass(frozen=True, slots=True)
class Reaction(Generic[T]):
    """An aggregate's use case: one record, one transaction (a batch deadlocked with a swap ●).

    `read` makes of the event what `handle` needs. It is pure: whatever fails in it is the record's fault, whereas
    `handle` may only refuse, and anything else that fails in it is waited out.
    """

    read: Callable[[Received], T]
    handle: Callable[[UnitOfWork, T], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Projection(Generic[T]):
    """A local copy: a whole batch in one transaction, sorted by key. `read` is as pure as that of a reaction."""

    read: Callable[[Received], T]
    apply: Callable[[UnitOfWork, Sequence[T]], Awaitable[None]]


Effect: TypeAlias = Reaction[T] | Projection[T]
Effects: TypeAlias = Mapping[str, Effect[Any]]


def is_of_the_record(error: BaseException) -> bool:
    """True when the record can never be applied; anything else means "wait and try again".

    A mistake of ours is waited out too: it would otherwise bury good records one after the other.
    """
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in _OF_THE_RECORD
    return isinstance(error, Refusal | Unreadable) and not isinstance(error, Unavailable)


def is_mistake(error: BaseException) -> bool:
    """True when neither the record nor the surroundings are at fault: only a mended program can go on."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in _OF_THE_PROGRAM
    trouble = asyncpg.InterfaceError | KafkaError | OSError | Moved | Refusal
    return isinstance(error, Exception) and not isinstance(error, trouble)


async def take_effect(act: UnitOfWork, effect: Effect[T], said: T) -> None:
    """What one record does, by itself."""
    match effect:
        case Reaction(handle=handle):
            await handle(act, said)
        case Projection(apply=apply):
            await apply(act, [said])


class Applying:
    """The store of one consumer: what its topics do to the database."""

    def __init__(self, consumer: str, database: Database, keys: MasterKeys, effects: Effects) -> None:
        self.consumer, self.effects = consumer, effects
        self.fates: Counter[Fate] = Counter()
        """How many records had which end since the process began."""
        self.database, self.keys = database, keys

    async def positions(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return await positions.stored(self.database.read, self.consumer, partitions)

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
        self, effect: Projection[T], partition: TopicPartition, records: Sequence[Record], start: int
    ) -> int:
        end = int(records[-1].offset) + 1
        by_key = sorted(records, key=lambda record: record.key or b"")
        received = [receive(record, effect.read) for record in by_key]
        fates = Counter(one for one in received if isinstance(one, Fate))
        told = {one.identity: one for one in received if isinstance(one, Incoming)}
        with tracing.processing_together(self.consumer, [one.event for one in told.values()]):
            async with self.database.write(around=_COMMIT) as act:
                fresh = await positions.take(act, self.consumer, partition, start, end, told)
                _BEFORE_EFFECT()
                await effect.apply(act, [one.said for identity, one in told.items() if identity in fresh])
        fates[Fate.APPLIED] += len(fresh)
        fates[Fate.REPEATED] += len(records) - fates.total()
        self.fates += fates
        return end

    async def _one(self, effect: Effect[T], partition: TopicPartition, record: Record, start: int) -> int:
        try:
            fate = await self._react(effect, partition, record, start)
        except Exception as error:
            if not is_of_the_record(error):
                raise
            await self.bury(partition, record, start, reason_of(error))
        else:
            self.fates[fate] += 1
        return int(record.offset) + 1

    @repeated
    async def _react(self, effect: Effect[T], partition: TopicPartition, record: Record, start: int) -> Fate:
        received = receive(record, effect.read)
        if isinstance(received, Fate):
            async with self.database.write() as act:
                await positions.move(act, self.consumer, partition, start, record.offset + 1)
            return received
        event = received.event
        trail = Trail(
            event.correlation_id, f"service/{self.consumer}", event.id, tracing.valid(event.traceparent)
        )
        with following(trail), tracing.processing(self.consumer, event):
            async with self.database.write(around=_COMMIT) as act:
                end, identities = record.offset + 1, [received.identity]
                is_fresh = await positions.take(act, self.consumer, partition, start, end, identities)
                _BEFORE_EFFECT()
                if not is_fresh:
                    return Fate.REPEATED
                await take_effect(act, effect, received.said)
                return Fate.APPLIED

    async def bury(self, partition: TopicPartition, record: Record, start: int, reason: str) -> None:
        """Keeps the record as a dead letter and moves on."""
        async with self.database.write(around=_BURIAL) as act:
            await positions.move(act, self.consumer, partition, start, record.offset + 1)
            await act.run(dead_letters.BURY, **dead_letters.burial(self.keys, self.consumer, record, reason))
        self.fates[Fate.BURIED] += 1
        log.warning(
            "record_buried",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason,
        )


def reason_of(error: Exception) -> str:
    """Why, without any content: messages of Postgres quote values."""
    match error:
        case Unreadable():
            return str(error)
        case Refusal():
            return f"refused: {error.code}"
        case asyncpg.PostgresError():
            return f"SQLSTATE {error.sqlstate} {error.constraint_name or ''}".strip()
    return type(error).__name__
