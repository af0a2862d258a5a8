"""Reading Kafka while leading: what the consumer hands over becomes batches that account for every offset."""

import asyncio
import struct
from collections.abc import Iterable, Mapping, Sequence

import cramjam
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    CorruptRecordException,
    OffsetOutOfRangeError,
    UnsupportedCodecError,
)

from audit import entering
from audit.continuity import Advance, Discontinued, Proof, continued
from audit.leaf import Record
from audit.receipts import receive, unreadable
from audit.sources import events_partitions
from common import positions, tracing
from common.db import UnitOfWork
from common.leading import Lead

log = structlog.get_logger()

MAX_RECORDS = 500
WAIT_MS = 100
#: The broker gathers this much, or for `WAIT_MS`, before it answers: a batch costs nearly the same as one record.
GATHER_BYTES = 64 * 1024
LOOK_SECONDS = 2.0
"""How often topics are looked for and the stored positions compared (a database restored under us)."""
PROVE_SECONDS = 60.0
"""How often every partition is asked again for its last record, to know that it is still the same one."""


#: What the client raises while it unpacks a record; it then does so for ever. Anything else means "try again".
OF_A_RECORD = (
    *(ValueError, LookupError, EOFError, struct.error, cramjam.DecompressionError),
    *(CorruptRecordException, UnsupportedCodecError),
)


class Reading:
    """One consumer's view of all partitions. Any exception out of `turn` voids it: begin anew from what is stored."""

    def __init__(self, lead: Lead, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._lead, self._kafka, self._admin = lead, consumer, admin
        self._at: dict[TopicPartition, int] = {}
        self._proofs: dict[TopicPartition, Proof] = {}
        self._holes: dict[TopicPartition, int] = {}
        self._looked_at = self._proven_at = float("-inf")

    async def turn(self) -> None:
        """Takes what there is, or waits for it for a moment."""
        now = asyncio.get_running_loop().time()
        if now >= self._looked_at + LOOK_SECONDS:
            await self._look(prove=now >= self._proven_at + PROVE_SECONDS)
            self._looked_at = now
        if not self._at:
            await asyncio.sleep(WAIT_MS / 1000)
            return
        try:
            batches = await self._kafka.getmany(timeout_ms=WAIT_MS, max_records=MAX_RECORDS)
        except OffsetOutOfRangeError as error:
            asked: Mapping[TopicPartition, int] = error.args[0]
            lost = [partition for partition, offset in asked.items() if offset == self._next(partition)]
            await self._begin_again(lost, "the position is out of the partition's range")
        except OF_A_RECORD:
            await self._find_unreadable()
        else:
            await self._take(batches)

    async def lag(self) -> dict[str, int]:
        """Records in Kafka that are not entered yet, by topic."""
        ends = await self._kafka.end_offsets(list(self._at)) if self._at else {}
        behind = dict.fromkeys((partition.topic for partition in ends), 0)
        for partition, end in ends.items():
            behind[partition.topic] += max(0, end - self._at.get(partition, end))
        return behind

    async def _look(self, *, prove: bool) -> None:
        found = await events_partitions(self._admin)
        async with self._lead.connection() as connection:
            stored = await positions.stored(UnitOfWork(connection), entering.CONSUMER, found)
            last = await entering.proofs(connection)
        if found != self._at.keys() or prove:
            self._align(stored, last)
        elif stored != self._at:
            raise positions.Moved("the stored positions are not ours any more")
        await self._pass_over_ends()

    def _align(self, stored: dict[TopicPartition, int], last: Mapping[TopicPartition, Proof]) -> None:
        self._kafka.assign(list(stored))
        self._at, self._holes = stored, {}
        self._proofs = {partition: last[partition] for partition in stored if partition in last}
        self._seek(stored)
        self._proven_at = asyncio.get_running_loop().time()

    def _seek(self, partitions: Iterable[TopicPartition]) -> None:
        for partition in partitions:
            self._kafka.seek(partition, self._next(partition))

    def _next(self, partition: TopicPartition) -> int:
        """The offset to read next: the proof's while that is outstanding."""
        proof = self._proofs.get(partition)
        return self._at[partition] if proof is None else proof.offset

    async def _pass_over_ends(self) -> None:
        """Control markers at the end of a partition: the client is past them although it handed nothing over."""
        advances = []
        for partition, at in self._at.items():
            if (position := await self._kafka.position(partition)) > at:
                advances.append(Advance(partition, at, position))
        await self._enter(advances)

    async def _take(self, batches: Mapping[TopicPartition, Sequence[Record]]) -> None:
        advances = []
        for partition, records in batches.items():
            try:
                advances += self._continue(partition, records)
            except Discontinued as error:
                await self._begin_again([partition], str(error))
        await self._enter(advances)

    def _continue(self, partition: TopicPartition, records: Sequence[Record]) -> list[Advance]:
        at = self._at[partition]
        receipts = continued(at, self._proofs.get(partition), [receive(record) for record in records])
        self._proofs.pop(partition, None)
        if not receipts:
            return []
        if receipts[0].record.offset > at and self._holes.get(partition) != at:
            self._holes[partition] = at  # a gap is for ever in the log: look twice before saying so
            self._kafka.seek(partition, at)
            return []
        return [Advance(partition, at, receipts[-1].record.offset + 1, receipts)]

    async def _enter(self, advances: Sequence[Advance]) -> None:
        if not advances:
            return
        with tracing.processing_together(entering.CONSUMER, entering.events_of(advances)):
            async with self._lead.connection() as connection:
                await entering.enter(connection, advances)
        self._at |= {advance.partition: advance.end for advance in advances}

    async def _begin_again(self, partitions: Iterable[TopicPartition], reason: str) -> None:
        """From the first record that there is. Ids make that harmless: what is in the log becomes a duplicate."""
        begins = await self._kafka.beginning_offsets(list(partitions))
        for partition, begin in begins.items():
            at = self._at[partition]
            self._proofs.pop(partition, None)
            if begin < at:
                log.error("partition_read_again", topic=partition.topic, partition=partition.partition, at=at)
            await self._enter([Advance(partition, at, begin, again=reason if begin < at else None)])
        self._seek(begins)

    async def _find_unreadable(self) -> None:
        """The client failed and does not say where; what it held of other partitions is lost, so all are read again."""
        self._seek(self._at)
        ends = await self._kafka.end_offsets(list(self._at))
        for partition in [partition for partition, at in self._at.items() if ends[partition] > at]:
            records, failed = await self._read_alone(partition, ends[partition])
            await self._take({partition: records} if records else {})
            if failed and partition in self._proofs:
                await self._begin_again([partition], "the record before the position cannot be read")
            elif failed and (not records or self._at[partition] == records[-1].offset + 1):
                await self._step_over(partition)

    async def _read_alone(self, partition: TopicPartition, end: int) -> tuple[Sequence[Record], bool]:
        """Up to a batch of the partition, one record at a time, and whether the client failed on the next one."""
        records: list[Record] = []
        while len(records) < MAX_RECORDS and (not records or records[-1].offset + 1 < end):
            try:
                found = await self._kafka.getmany(partition, timeout_ms=1000, max_records=1)
            except OF_A_RECORD:
                return records, True
            if not found:
                break
            records += found[partition]
        return records, False

    async def _step_over(self, partition: TopicPartition) -> None:
        await self._kafka.getmany(partition, timeout_ms=0)  # moves the client's position up to the record
        at, offset = self._at[partition], await self._kafka.position(partition)
        log.error("record_unreadable", topic=partition.topic, partition=partition.partition, offset=offset)
        await self._enter([Advance(partition, at, offset + 1, [unreadable(partition, offset)])])
        self._kafka.seek(partition, offset + 1)
