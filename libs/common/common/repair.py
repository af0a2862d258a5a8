"""Repair: live states are published again each day, so that what was lost for good is heard after all (domain §2)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from common import failpoints
from common.aggregates import Aggregates
from common.catalogue import StateEvent
from common.db import Database
from common.envelope import fact
from common.statements import Statement
from common.timers import Timer
from common.topics import Topic

EVERY_SECONDS = 24 * 3600.0
_AT_ONCE = 100
_COMMIT = failpoints.around_commit("timer.repair")


@dataclass(frozen=True)
class Repeated:
    """A state topic, the aggregates on it, and a statement for the keys (`key`) of those that are worth repeating."""

    topic: Topic
    aggregates: Aggregates[Any]
    keys: Statement


async def publish_again(database: Database, repeated: Repeated) -> int:
    """Publishes the present states, with their versions as they are: no event, and no number in the stream."""
    keys = [row["key"] for row in await database.read.all(repeated.keys)]
    for start in range(0, len(keys), _AT_ONCE):
        async with database.write(around=_COMMIT) as act:
            states = await repeated.aggregates.lock_all(act, keys[start : start + _AT_ONCE])
            for key, state in states.items():
                told = fact(
                    repeated.topic, StateEvent.REPEATED, state, key=key, at=state.changed_at, before=state
                )
                act.publish(replace(told, repeated=True))
    return len(keys)


def repair_timer(service: str, database: Database, all_repeated: Sequence[Repeated]) -> Timer:
    """At each start and once a day. To say a state again does no harm: every replica may do it."""

    async def publish_all() -> None:
        for repeated in all_repeated:
            await publish_again(database, repeated)

    timer = Timer(service, "repair", EVERY_SECONDS, publish_all)
    timer.wake()
    return timer
