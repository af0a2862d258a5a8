"""A broker that dies under a service at work."""

import asyncio

from common.applying import Applying, Reaction
from common.consuming import Consuming
from common.embedded import Kafka
from tests.common.publishing import a_relay, all_published, by_key, waiting
from tests.common.toy import HEARD, KEYS, Toy, a_counter, hear, raised, read_counter
from tests.support.reading import everything_in
from tests.support.waiting import eventually


async def test_writes_commit_while_kafka_is_down_and_have_their_effects_in_order_afterwards(
    fragile: Kafka, fragile_told: Toy
):
    toy = fragile_told
    applying = Applying(toy.service, toy.database, KEYS, {toy.topic.events: Reaction(read_counter, hear)})
    counters = [await a_counter(toy) for _ in range(3)]

    async def heard(many: int) -> bool:
        return len(await toy.database.read.all(HEARD)) >= many

    async with a_relay(toy, fragile), Consuming(fragile.bootstrap, applying).running():
        await eventually(lambda: heard(3))
        fragile.kill()
        for counter in counters * 5:
            await raised(toy, counter)
        assert await waiting(toy) == 15

        await asyncio.to_thread(fragile.start)
        await all_published(toy, within=30)
        await eventually(lambda: heard(18), within=30)

    effects = [(row["counter_id"], row["version"]) for row in await toy.database.read.all(HEARD)]
    assert sorted(effects) == sorted((counter, version) for counter in counters for version in range(1, 7))
    versions = by_key(await everything_in(fragile.bootstrap, toy.topic.events))
    assert {key: sorted(set(found)) for key, found in versions.items()} == {
        counter: [1, 2, 3, 4, 5, 6] for counter in counters
    }
    assert all(first_seen(found) == [1, 2, 3, 4, 5, 6] for found in versions.values())


def first_seen(versions: list[int]) -> list[int]:
    """In the order in which each was seen first: what is sent again may follow, what is newer may not go ahead."""
    return list(dict.fromkeys(versions))
