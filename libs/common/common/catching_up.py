"""How far a consumer is, over all partitions: its replicas share one database, so what one applies all of them have."""

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from common.applying import Applying
from common.positions import Offsets

ASK_SECONDS = 2.0


async def ends_of(kafka: Any, partitions: Iterable[TopicPartition]) -> Offsets:
    """Where the records of each end; 0 where none is left, since then nothing will ever move the position.

    Never asked under the consumer's lock: the broker answers only after the fetch that is under way, half a second
    later ●.
    """
    wanted = list(partitions)
    starts, ends = await asyncio.gather(kafka.beginning_offsets(wanted), kafka.end_offsets(wanted))
    return {partition: ends[partition] if ends[partition] > starts[partition] else 0 for partition in wanted}


class CatchingUp:
    """Whether the stored positions have reached the ends of the topics, whichever replica moves them."""

    def __init__(self, applying: Applying) -> None:
        self._applying = applying
        self._first_ends: Offsets = {}
        self.done = asyncio.Event()
        """Set once every partition has reached the end that it had when it was first looked at."""

    async def look(self, kafka: Any) -> None:
        """Notes the ends when asked first, later whether they have been reached."""
        if not self.done.is_set() and (partitions := self._partitions(kafka)):
            self._first_ends = self._first_ends or await ends_of(kafka, partitions)
            if _reached(await self._applying.positions(list(self._first_ends)), self._first_ends):
                self.done.set()

    async def is_behind(self, kafka: Any) -> bool:
        """Whether records wait to be applied by any replica. When Kafka cannot say, some may.

        The positions are read before the ends: what is applied meanwhile, whoever asks has not seen.
        """
        if not self.done.is_set():
            return True
        if not (partitions := self._partitions(kafka)):
            return True
        stored = await self._applying.positions(partitions)
        try:
            async with asyncio.timeout(ASK_SECONDS):
                ends = await ends_of(kafka, partitions)
        except (KafkaError, OSError, TimeoutError):
            return True
        return not _reached(stored, ends)

    def _partitions(self, kafka: Any) -> list[TopicPartition]:
        """Those of all topics; none while the client has not heard of every topic."""
        known = {topic: kafka.partitions_for_topic(topic) for topic in self._applying.effects}
        if not all(known.values()):
            return []
        return [TopicPartition(topic, number) for topic, numbers in known.items() for number in numbers]


def _reached(positions: Offsets, ends: Offsets) -> bool:
    return all(positions[partition] >= end for partition, end in ends.items())
