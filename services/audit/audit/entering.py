"""Entering a batch: positions, entries and the size of the log move in one transaction, or none of them does."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy as sa
import structlog
from aiokafka import TopicPartition
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, insert

from audit.completeness import enter_numbers
from audit.continuity import Advance, Proof
from audit.copies import Copies, copies
from audit.leaf import Kind, encode
from audit.models import last_taken, log_size, seen
from audit.receipts import Identity, Receipt
from common import failpoints, positions
from common.db import UnitOfWork
from common.envelope import Received
from common.statements import Statement

log = structlog.get_logger()

CONSUMER = "audit"
_COMMIT = failpoints.around_commit("ingest")
_ENTRY_COLUMNS = (
    *("position", "leaf", "kind", "topic", "partition", "record_offset"),
    *Copies._fields,
    "recorded_at",
)
_COLUMNS: Mapping[str, Sequence[str]] = {
    "entry": _ENTRY_COLUMNS,
    "entry_patient": ("patient_id", "position"),
    "seen": ("event_id", "source", "digest", "position"),
    "duplicate": ("topic", "partition", "record_offset", "position", "noticed_at"),
    "gap": ("topic", "partition", "first_offset", "last_offset", "noticed_at"),
    "reread": ("topic", "partition", "next_offset", "from_offset", "reason", "noticed_at"),
}

_LOCK_SIZE = Statement(sa.select(log_size.c.size).with_for_update())
_GROW = Statement(sa.update(log_size).values(size=sa.bindparam("new_size")))
#: By the id alone and not by a join with both: the plan of such a join reads the whole table.
_KNOWN = Statement(
    sa.select(seen.c.event_id, seen.c.source, seen.c.digest, seen.c.position).where(
        seen.c.event_id == sa.any_(sa.bindparam("event_ids", type_=ARRAY(sa.Text)))
    )
)
_PROOFS = Statement(
    sa.select(last_taken.c.topic, last_taken.c.partition, last_taken.c.record_offset, last_taken.c.digest)
)
_this_partition = (
    last_taken.c.topic == sa.bindparam("of_topic"),
    last_taken.c.partition == sa.bindparam("of_partition"),
)
_FORGET_PROOF = Statement(sa.delete(last_taken).where(*_this_partition))
_new_proof = insert(last_taken).values(
    topic=sa.bindparam("topic"),
    partition=sa.bindparam("partition"),
    record_offset=sa.bindparam("record_offset"),
    digest=sa.bindparam("digest", type_=BYTEA),
)
_KEEP_PROOF = Statement(
    _new_proof.on_conflict_do_update(
        index_elements=[last_taken.c.topic, last_taken.c.partition],
        set_={name: _new_proof.excluded[name] for name in ("record_offset", "digest")},
    )
)


@dataclass
class _Rows:
    """What a batch adds, as tuples per table in the order of `_COLUMNS`."""

    size: int
    now: datetime
    known: dict[Identity, dict[bytes, int]]
    """Where each content of an event id was entered."""
    tables: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, advance: Advance) -> None:
        for receipt in advance.receipts:
            self._add_record(receipt)
        for gap in advance.gaps if advance.again is None else ():
            self.tables["gap"].append((*advance.partition, gap.start, gap.stop - 1, self.now))
        if advance.again is not None:
            self.tables["reread"].append(
                (*advance.partition, advance.start, advance.end, advance.again, self.now)
            )

    def _add_record(self, receipt: Receipt) -> None:
        record, entered = receipt.record, self.known.setdefault(receipt.identity, {})
        place = (record.topic, record.partition, record.offset)
        if receipt.digest in entered:
            self.tables["duplicate"].append((*place, entered[receipt.digest], self.now))
            return
        kind = Kind.CONFLICT if entered else receipt.kind
        if kind is Kind.CONFLICT:
            log.error(
                "event_conflict", topic=place[0], partition=place[1], offset=place[2], position=self.size
            )
        leaf, kind = encode(record, receipt.content, kind, self.now)
        columns, patients = copies(record, receipt.event, self.now)
        self.tables["entry"].append((self.size, leaf, kind, *place, *columns, self.now))
        self.tables["entry_patient"].extend((patient, self.size) for patient in patients)
        self.tables["seen"].append((*receipt.identity, receipt.digest, self.size))
        entered[receipt.digest] = self.size
        self.size += 1


async def enter(connection: "asyncpg.Connection[Any]", advances: Sequence[Advance]) -> int:
    """Enters the batch and answers the size of the log.

    Raises `Moved` when a stored position is not where the batch begins: then all that the caller holds is void.
    """
    async with connection.transaction():
        act = UnitOfWork(connection)
        size = await act.value(_LOCK_SIZE)
        now = await act.moment()
        for advance in advances:
            await positions.move(act, CONSUMER, advance.partition, advance.start, advance.end)
        rows = _Rows(size, now, await _known(act, advances))
        for advance in advances:
            rows.add(advance)
        await enter_numbers(act, events_of(advances), now)
        for table, added in rows.tables.items():
            await connection.copy_records_to_table(table, records=added, columns=_COLUMNS[table])
        await act.run(_GROW, new_size=rows.size)
        for advance in advances:
            await _keep_proof(act, advance)
        _COMMIT.before()
    _COMMIT.after()
    return rows.size


async def proofs(connection: "asyncpg.Connection[Any]") -> Mapping[TopicPartition, Proof]:
    """The record that was entered last from each partition."""
    return {
        TopicPartition(row["topic"], row["partition"]): Proof(row["record_offset"], row["digest"])
        for row in await UnitOfWork(connection).all(_PROOFS)
    }


def events_of(advances: Iterable[Advance]) -> Iterator[Received]:
    for advance in advances:
        yield from (receipt.event for receipt in advance.receipts if receipt.event is not None)


async def _known(act: UnitOfWork, advances: Iterable[Advance]) -> dict[Identity, dict[bytes, int]]:
    asked = {receipt.identity for advance in advances for receipt in advance.receipts}
    known: dict[Identity, dict[bytes, int]] = {}
    if asked:
        rows = await act.all(_KNOWN, event_ids=[identity.event_id for identity in asked])
        for row in rows:
            known.setdefault(Identity(row["event_id"], row["source"]), {})[row["digest"]] = row["position"]
    return known


async def _keep_proof(act: UnitOfWork, advance: Advance) -> None:
    topic, partition = advance.partition
    last = advance.receipts[-1] if advance.receipts else None
    if last is not None and last.kind is not Kind.UNREADABLE:
        await act.run(
            _KEEP_PROOF,
            topic=topic,
            partition=partition,
            record_offset=last.record.offset,
            digest=last.digest,
        )
    elif last is not None or advance.again is not None:
        await act.run(_FORGET_PROOF, of_topic=topic, of_partition=partition)
