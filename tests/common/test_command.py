"""A command: at most once per key, repeated when Postgres asks for it, only if unchanged where that is asked."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from common.command import command
from common.errors import PreconditionFailed
from common.idempotency import UNCONDITIONAL, Demand, KeyReused, Outcome, digest
from tests.common.toy import (
    LOCK,
    CeilingReached,
    Toy,
    a_counter,
    counter_of,
    raise_counter,
    somebody_waits,
    tag,
)

_SECRET = b"s" * 32


def a_demand(
    body: bytes = b"{}", *, key: str | None = None, user=None, if_match: str | None = None
) -> Demand:
    return Demand(
        user or uuid4(), key or str(uuid4()), digest(_SECRET, "POST", "/v1/counters", body), if_match
    )


async def value_of(toy: Toy, counter_id: UUID) -> int:
    return (await counter_of(toy, counter_id)).value


async def test_a_twin_request_gets_the_first_outcome(toy: Toy):
    counter_id, demand = await a_counter(toy), a_demand()

    first = await raise_counter(toy.database, demand, counter_id)
    second = await raise_counter(toy.database, demand, counter_id)

    assert first == second == Outcome(200, counter_id)
    assert await value_of(toy, counter_id) == 1


async def test_a_double_click_in_flight_has_one_effect_and_one_outcome(toy: Toy):
    counter_id, demand = await a_counter(toy), a_demand()

    outcomes = await asyncio.gather(*(raise_counter(toy.database, demand, counter_id) for _ in range(5)))

    assert set(outcomes) == {Outcome(200, counter_id)}
    assert await value_of(toy, counter_id) == 1


async def test_the_twin_of_a_request_that_gives_up_does_the_act(toy: Toy):
    counter_id, demand = await a_counter(toy), a_demand()

    @command
    async def gives_up(act, counter_id):
        await act.first(LOCK, of_id=counter_id)
        twin.append(asyncio.ensure_future(raise_counter(toy.database, demand, counter_id)))
        await somebody_waits(toy)
        raise RuntimeError

    twin: list[asyncio.Future[Outcome]] = []
    with pytest.raises(RuntimeError):
        await gives_up(toy.database, demand, counter_id)

    assert await twin[0] == Outcome(200, counter_id)
    assert await value_of(toy, counter_id) == 1


async def test_the_same_key_with_another_body_is_refused(toy: Toy):
    counter_id, demand = await a_counter(toy), a_demand(b'{"by": 1}')
    await raise_counter(toy.database, demand, counter_id)

    with pytest.raises(KeyReused) as refused:
        await raise_counter(
            toy.database, a_demand(b'{"by": 2}', key=demand.key, user=demand.user_id), counter_id
        )

    assert (refused.value.status, refused.value.code) == (422, "idempotency_key_reused")
    assert await value_of(toy, counter_id) == 1


async def test_the_key_of_another_user_is_another_key(toy: Toy):
    counter_id, demand = await a_counter(toy), a_demand()
    await raise_counter(toy.database, demand, counter_id)
    await raise_counter(toy.database, a_demand(key=demand.key), counter_id)

    assert await value_of(toy, counter_id) == 2


async def test_a_refused_act_keeps_no_key(toy: Toy):
    counter_id, demand = await a_counter(toy), a_demand()
    with pytest.raises(CeilingReached):
        await raise_counter(toy.database, demand, counter_id, by=2000)

    assert (await raise_counter(toy.database, demand, counter_id)).status == 200


def test_the_digest_tells_requests_apart_and_needs_the_secret():
    one = digest(_SECRET, "POST", "/v1/counters", b"{}")

    others = {
        digest(_SECRET, "PUT", "/v1/counters", b"{}"),
        digest(_SECRET, "POST", "/v1/counter", b"{}"),
        digest(_SECRET, "POST", "/v1/counters", b"{ }"),
        digest(b"t" * 32, "POST", "/v1/counters", b"{}"),
    }

    assert one == digest(_SECRET, "POST", "/v1/counters", b"{}")
    assert one not in others


async def test_an_act_on_what_has_changed_since_is_refused(toy: Toy):
    counter_id = await a_counter(toy)
    await raise_counter(toy.database, Demand(if_match=tag(1)), counter_id)

    with pytest.raises(PreconditionFailed) as refused:
        await raise_counter(toy.database, Demand(if_match=tag(1)), counter_id)
    await raise_counter(toy.database, Demand(if_match="*"), counter_id)

    assert refused.value.facts == {"etag": tag(2)}
    assert await value_of(toy, counter_id) == 2


async def test_an_act_that_deadlocks_is_repeated(toy: Toy):
    """Two acts take the same two rows in opposite orders; Postgres ends one, and both are done in the end."""
    one, other = await a_counter(toy), await a_counter(toy)
    both_hold_one = asyncio.Barrier(2)
    tries: list[str] = []

    @command
    async def take_both(act, name, first, second):
        tries.append(name)
        await act.first(LOCK, of_id=first)
        if tries.count(name) == 1:
            await both_hold_one.wait()
        await act.first(LOCK, of_id=second)
        return Outcome(200, first)

    outcomes = await asyncio.gather(
        take_both(toy.database, a_demand(), "a", one, other),
        take_both(toy.database, a_demand(), "b", other, one),
    )

    assert [outcome.status for outcome in outcomes] == [200, 200]
    assert sorted(tries) in (["a", "a", "b"], ["a", "b", "b"])


async def test_an_act_is_tried_three_times_at_most(toy: Toy):
    tries: list[int] = []

    @command
    async def always_in_conflict(act):
        tries.append(1)
        raise asyncpg.SerializationError

    with pytest.raises(asyncpg.SerializationError):
        await always_in_conflict(toy.database, UNCONDITIONAL)

    assert len(tries) == 3


async def test_an_act_is_repeated_after_a_migration_came_between(toy: Toy, fresh: Toy):
    """A column that changes its type makes a prepared `SELECT` fail once, inside the transaction."""
    counter_id = await a_counter(fresh)

    @command
    async def look(act, counter_id):
        await act.first(LOCK, of_id=counter_id)
        return Outcome(200, counter_id)

    for _ in range(10):  # on every connection of the pool
        await look(fresh.database, UNCONDITIONAL, counter_id)
    owner = await asyncpg.connect(fresh.admin_url)
    await owner.execute("ALTER TABLE counter ALTER COLUMN seat TYPE bigint")
    await owner.close()

    assert (await look(fresh.database, UNCONDITIONAL, counter_id)).status == 200


async def test_a_repeated_act_is_logged_without_its_arguments(toy: Toy, capsys, caplog):
    @command
    async def fails_once(act, secret):
        if not failed:
            failed.append(1)
            raise asyncpg.SerializationError
        return Outcome(200, uuid4())

    failed: list[int] = []
    await fails_once(toy.database, UNCONDITIONAL, "Jane Doe")

    output = capsys.readouterr()
    everything = output.out + output.err + caplog.text
    assert "fails_once" in everything
    assert "Jane Doe" not in everything
