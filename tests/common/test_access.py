"""Looks: each is told once a minute, before anybody is answered, however many look at once."""

import asyncio

import asyncpg
import pytest

from common.access import Access, Looks
from common.catalogue import Happening
from common.ids import new_id
from tests.common.toy import Toy


class Look(Happening):
    NAMES_READ = "names_read", "Names were read."


SESSION, SUBJECT = new_id(), new_id()
LOOK = Access(SESSION, "read_names", [SUBJECT])


async def look(toy: Toy, looks: Looks, access: Access = LOOK, at: str = "ward") -> None:
    await looks.note(toy.database, "toy", Look.NAMES_READ, access, at=at)


async def told(toy: Toy) -> int:
    counted: int = await toy.database.pool.fetchval(
        "SELECT count(*) FROM outbox WHERE type = 'hospital.toy.access.names_read.v1'"
    )
    return counted


async def as_owner(toy: Toy, statement: str) -> None:
    owner = await asyncpg.connect(toy.admin_url)
    await owner.execute(statement)
    await owner.close()


async def test_many_looks_at_once_are_one_event_and_nobody_is_answered_before_it(fresh: Toy):
    looks = Looks()

    async def answered() -> int:
        await look(fresh, looks)
        return await told(fresh)

    assert await asyncio.gather(*(answered() for _ in range(20))) == [1] * 20


async def test_the_next_minute_is_told_anew(fresh: Toy):
    times = [30.0, 59.9, 60.0, 119.0, 120.0]
    looks = Looks(clock=lambda: times.pop(0))
    while times:
        await look(fresh, looks)
    assert await told(fresh) == 3


async def test_other_sessions_acts_and_sets_are_other_looks(fresh: Toy):
    looks = Looks()
    for access in (LOOK, Access(new_id(), "read_names", [SUBJECT]), Access(SESSION, "print", [SUBJECT])):
        await look(fresh, looks, access)
    await look(fresh, looks, at="another ward")
    assert await told(fresh) == 4


async def test_who_gives_up_leaves_the_event_to_the_others(fresh: Toy):
    """The first caller goes away while the event is being committed; the second is answered after it."""
    looks = Looks()
    first, second = (asyncio.create_task(look(fresh, looks)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert (first.cancelled(), await told(fresh)) == (True, 1)


async def test_what_could_not_be_told_is_told_by_the_next_look(fresh: Toy):
    looks = Looks()
    await as_owner(fresh, "REVOKE INSERT ON outbox FROM toy")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await look(fresh, looks)
    await as_owner(fresh, "GRANT INSERT ON outbox TO toy")
    await look(fresh, looks)
    assert await told(fresh) == 1
