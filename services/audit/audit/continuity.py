"""Whether what Kafka hands over continues what was entered, and which offsets have no record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka import TopicPartition

from audit.receipts import Receipt


class Proof(NamedTuple):
    """The record entered last from a partition; it is read again before anything new counts.

    aiokafka knows no topic ids ●: a topic that was re-created and refilled past the position skips records silently.
    """

    offset: int
    digest: bytes


class Discontinued(Exception):
    """The partition is not the one that was read before: it has to be read again from its beginning."""


@dataclass(frozen=True, slots=True)
class Advance:
    """One partition's part of a batch: from its stored position to the next, each offset accounted for."""

    partition: TopicPartition
    start: int
    end: int
    receipts: Sequence[Receipt] = ()
    again: str | None = None
    """Why the partition is read again from `end`, which lies before `start`."""

    @property
    def gaps(self) -> list[range]:
        """Offsets without a record: control markers of transactions, what retention or compaction removed."""
        offsets = [receipt.record.offset for receipt in self.receipts]
        edges = zip([self.start, *(offset + 1 for offset in offsets)], [*offsets, self.end], strict=True)
        return [range(first, after) for first, after in edges if first < after]


def continued(position: int, proof: Proof | None, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
    """Those that are new. Raises `Discontinued` when the first is not the proof, or lies before the position."""
    if proof is not None:
        first, *receipts = receipts
        if (first.record.offset, first.digest) != proof:
            raise Discontinued("another record stands before the position")
    if receipts and receipts[0].record.offset < position:
        raise Discontinued("the client went back")
    return receipts
