"""Partitions that stand still at one record because of a mistake of ours: each is tried again, the others go on."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka import TopicPartition

from common.pausing import pause_after

_LONGEST_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class _Stop:
    tries: int
    again_at: float


class Standstill:
    """Where a consumer stands still. Operators hear of it: nothing but a mended program ends it."""

    def __init__(self) -> None:
        self._stops: dict[TopicPartition, _Stop] = {}

    def __contains__(self, partition: TopicPartition) -> bool:
        return partition in self._stops

    def begin(self, partition: TopicPartition, now: float) -> float:
        """One more try has failed. Answers how many seconds the next one is away."""
        tries = self._stops[partition].tries + 1 if partition in self._stops else 1
        pause = pause_after(tries, longest=_LONGEST_PAUSE)
        self._stops[partition] = _Stop(tries, now + pause)
        return pause

    def end(self, partition: TopicPartition) -> None:
        """It goes on."""
        self._stops.pop(partition, None)

    def keep(self, assigned: Iterable[TopicPartition]) -> None:
        """What others have taken over is theirs to try."""
        self._stops = {
            partition: self._stops[partition] for partition in assigned if partition in self._stops
        }

    def due(self, now: float) -> list[TopicPartition]:
        """Those that may be tried again."""
        return [partition for partition, stop in self._stops.items() if stop.again_at <= now]

    def by_topic(self) -> Counter[str]:
        """How many partitions of a topic stand still."""
        return Counter(partition.topic for partition in self._stops)
