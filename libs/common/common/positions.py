"""How far a consumer is: the position lives in Postgres and moves with the effects (architecture, *Consuming*)."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import sqlalchemy as sa
from aiokafka import TopicPartition
from sqlalchemy.dialects.postgresql import ARRAY, insert

from common.db import Reader, UnitOfWork
from common.statements import Statement, insert_into

INBOX_KEEP_DAYS = 100

#: An offset of each partition.
Offsets: TypeAlias = dict[TopicPartition, int]


class Moved(Exception):
    """Somebody else moved the stored position: what we hold is void."""


def consuming_tables(metadata: sa.MetaData) -> None:
    """Declares `consumer_position` and `inbox`."""
    sa.Table(
        "consumer_position",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
    )
    sa.Table(
        "inbox",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column(
            "taken_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()
        ),
    )


_metadata = sa.MetaData()
consuming_tables(_metadata)
_position, _inbox = _metadata.tables["consumer_position"], _metadata.tables["inbox"]

_move = (
    sa.update(_position)
    .where(
        _position.c.consumer == sa.bindparam("of_consumer"),
        _position.c.topic == sa.bindparam("of_topic"),
        _position.c.partition == sa.bindparam("of_partition"),
        _position.c.next_offset == sa.bindparam("start"),
    )
    .values(next_offset=sa.bindparam("end"))
)
_MOVE = Statement(_move)
_assigned = (
    sa.func.unnest(
        sa.bindparam("topics", type_=ARRAY(sa.Text)), sa.bindparam("partitions", type_=ARRAY(sa.Integer))
    )
    .table_valued(sa.column("topic", sa.Text), sa.column("partition", sa.Integer))
    .render_derived(name="assigned")
)
_batch = (
    sa.func.unnest(
        sa.bindparam("sources", type_=ARRAY(sa.Text)), sa.bindparam("event_ids", type_=ARRAY(sa.Text))
    )
    .table_valued(sa.column("source", sa.Text), sa.column("event_id", sa.Text))
    .render_derived(name="batch")
)
_ENTER = Statement(
    insert(_position)
    .from_select(
        ["consumer", "topic", "partition", "next_offset"],
        sa.select(
            sa.bindparam("consumer", type_=sa.Text),
            _assigned.c.topic,
            _assigned.c.partition,
            sa.literal_column("0"),
        ),
    )
    .on_conflict_do_nothing()
)
_STORED = Statement(
    sa.select(_position.c.topic, _position.c.partition, _position.c.next_offset).where(
        _position.c.consumer == sa.bindparam("of_consumer")
    )
)
_moved = _move.returning(_position.c.next_offset).cte("moved")
_taken = (
    insert(_inbox)
    .from_select(
        ["consumer", "source", "event_id"],
        sa.select(sa.bindparam("of_consumer", type_=sa.Text), _batch.c.source, _batch.c.event_id).where(
            sa.exists(sa.select(_moved.c.next_offset))
        ),
    )
    .on_conflict_do_nothing()
    .returning(_inbox.c.source, _inbox.c.event_id)
    .cte("taken")
)
#: One row more than was taken: whether the position moved, with no event.
_TAKE = Statement(
    sa.select(_taken.c.source, _taken.c.event_id).union_all(
        sa.select(sa.null(), sa.null()).select_from(_moved)
    )
)
_ENTER_INBOX = Statement(insert_into(_inbox, "consumer", "source", "event_id").on_conflict_do_nothing())
FORGET = Statement(
    sa.delete(_inbox).where(_inbox.c.taken_at < sa.func.now() - sa.text(f"interval '{INBOX_KEEP_DAYS} days'"))
)


async def move(act: UnitOfWork, consumer: str, partition: TopicPartition, start: int, end: int) -> None:
    """Compare-and-swap from the remembered position. Raises `Moved` when it is not the stored one any more."""
    if not await act.run(_MOVE, **_step(consumer, partition, start, end)):
        raise _moved_from(consumer, partition, start)


async def take(
    act: UnitOfWork,
    consumer: str,
    partition: TopicPartition,
    start: int,
    end: int,
    ids: Iterable[tuple[str, str]],
) -> set[tuple[str, str]]:
    """Moves, enters (source, event id) pairs into the inbox and answers those that were not there. Raises `Moved`."""
    pairs = list(ids)
    rows = await act.all(
        _TAKE,
        **_step(consumer, partition, start, end),
        sources=[source for source, _ in pairs],
        event_ids=[event for _, event in pairs],
    )
    if not rows:
        raise _moved_from(consumer, partition, start)
    return {(row["source"], row["event_id"]) for row in rows if row["event_id"] is not None}


async def enter(act: UnitOfWork, consumer: str, identity: tuple[str, str]) -> bool:
    """Enters one (source, event id) pair into the inbox, wherever it was read. False when it was there."""
    source, event_id = identity
    return bool(await act.run(_ENTER_INBOX, consumer=consumer, source=source, event_id=event_id))


def _step(consumer: str, partition: TopicPartition, start: int, end: int) -> dict[str, Any]:
    return {
        "of_consumer": consumer,
        "of_topic": partition.topic,
        "of_partition": partition.partition,
        "start": start,
        "end": end,
    }


def _moved_from(consumer: str, partition: TopicPartition, start: int) -> Moved:
    return Moved(f"{consumer} {partition.topic}-{partition.partition} is not at {start}")


async def stored(reader: Reader, consumer: str, partitions: Iterable[TopicPartition]) -> Offsets:
    """The next offset of each partition; one that was never seen begins at 0."""
    wanted = list(partitions)
    await reader.all(
        _ENTER,
        consumer=consumer,
        topics=[partition.topic for partition in wanted],
        partitions=[partition.partition for partition in wanted],
    )
    rows = await reader.all(_STORED, of_consumer=consumer)
    known = {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    return {partition: known[partition] for partition in wanted}
