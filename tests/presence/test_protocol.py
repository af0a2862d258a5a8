"""Presence and admission never contradict each other, whatever order people and messages come in (domain §2)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from admissions.domain.admission import AdmissionState
from beds.domain.movement import Reversible
from common.embedded import Postgres
from tests.admissions.conftest import a_registry
from tests.beds.conftest import a_ward
from tests.presence.world import HERE, World

EXAMPLES, STEPS = 40, 30


@asynccontextmanager
async def two_services(postgres: Postgres) -> AsyncIterator[Callable[[], World]]:
    async with a_ward(postgres) as ward, a_registry(postgres) as registry:
        yield lambda: World(ward, registry, registry.process)


@pytest.fixture
def worlds(two_databases: Postgres) -> Iterator[Callable[[], World]]:
    """Makes a new world on the same two services; everything in it runs on a loop of its own."""
    loop = asyncio.new_event_loop()
    services = two_services(two_databases)
    make = loop.run_until_complete(services.__aenter__())
    Protocol.run = staticmethod(loop.run_until_complete)
    yield make
    loop.run_until_complete(services.__aexit__(None, None, None))
    loop.close()


N = st.integers(0, 11)
TARGETS = st.sampled_from([AdmissionState.CANCELLED, AdmissionState.NO_SHOW])


class Protocol(RuleBasedStateMachine):
    """People act and messages arrive, one step at a time; `n` chooses among whatever there is at that moment."""

    run: ClassVar[Callable[[Awaitable[Any]], Any]]
    new_world: ClassVar[Callable[[], World]]
    counted: ClassVar[dict[str, int]] = {"done": 0, "refused": 0, "heard": 0}

    @initialize(offered=st.booleans())
    def begin(self, offered: bool) -> None:
        """With three who want a bed; where one is `offered`, with all that goes before."""
        self.world = type(self).new_world()
        type(self).run(self.world.open())
        self.admit(0, 0)
        self.admit(1, 1)
        self.admit(2, 1)  # waits: the department has one bed
        if offered:
            self.both_hear_the_newest()
            self.time_passes()
            self.sweep()
            self.place()

    def step(self, act: Awaitable[object], may: str | None = None, who: UUID | None = None) -> None:
        """`may` is what this act may do to the presence of `who`: arrive or depart. Nothing else may."""
        type(self).run(self._watched(act, may, who))

    async def _watched(self, act: Awaitable[object], may: str | None, who: UUID | None) -> None:
        world = self.world
        here, beds = await self._here(), await world.states_of_beds()
        await act
        here_now, beds_now = await self._here(), await world.states_of_beds()
        assert here - here_now <= ({who} if may == "depart" else set()), "a patient is lost from a bed"
        assert here_now - here <= ({who} if may == "arrive" else set()), "a patient is put in a bed"
        for bed, state in beds_now.items():
            if beds[bed] == "occupied":
                assert state in ("occupied", "dirty"), f"occupied to {state} without dirty"
        await world.check()

    async def _here(self) -> set[UUID]:
        return {one for one, placement in (await self.world.presence()).items() if placement["state"] in HERE}

    def _admission(self, n: int, *states: str) -> UUID | None:
        """One whose placement is in one of these states, as far as there is any; every eighth time just anybody."""
        known = self.world.admissions
        placements = type(self).run(self.world.presence()) if states and n != 7 else {}
        fitting = [one for one in known if one in placements and placements[one]["state"] in states] or known
        return fitting[n % len(fitting)] if fitting else None

    def _bed(self, n: int) -> UUID:
        return self.world.beds[n % 3]

    @rule(n=N, department=st.integers(0, 1))
    def admit(self, n: int, department: int) -> None:
        world = self.world
        if len(world.admissions) < 5:
            self.step(world.admits(world.patients[n % 3], world.departments[department], None))

    @rule(n=N, department=st.integers(0, 1), certain=st.booleans())
    def want_another(self, n: int, department: int, certain: bool) -> None:
        if (admission := self._admission(n)) is not None:
            bed = self.world.beds[department * 2] if certain else None
            self.step(self.world.wants(admission, self.world.departments[department], bed))

    @rule(n=N, final=TARGETS)
    def end(self, n: int, final: AdmissionState) -> None:
        if (admission := self._admission(n)) is not None:
            self.step(self.world.ends(admission, final))

    @rule(n=N, bed=N)
    def hold(self, n: int, bed: int) -> None:
        if (admission := self._admission(n, "queued", "held")) is not None:
            self.step(self.world.holds(admission, self._bed(bed)))

    @rule(n=N, bed=N)
    def reserve(self, n: int, bed: int) -> None:
        if (admission := self._admission(n, "queued", "held")) is not None:
            self.step(self.world.reserves(admission, self._bed(bed)))

    @rule(bed=N)
    def give_back(self, bed: int) -> None:
        self.step(self.world.gives_back(self._bed(bed)))

    @rule()
    def reservations_begin(self) -> None:
        self.step(self.world.begins_reservations())

    @rule()
    def turn_reservations(self) -> None:
        self.step(self.world.ward.turns_reservations())

    @rule(bed=N)
    def release(self, bed: int) -> None:
        self.step(self.world.releases(self._bed(bed)))

    @rule(n=N, bed=st.none() | N)
    def arrive(self, n: int, bed: int | None) -> None:
        if (admission := self._admission(n, "queued", "held")) is not None:
            named = None if bed is None else self._bed(bed)
            self.step(self.world.arrives(admission, named), "arrive", admission)

    @rule(n=N, accepting=st.booleans())
    def decide_about_an_offer(self, n: int, accepting: bool) -> None:
        placements = type(self).run(self.world.presence())
        offered = [one for one, placement in placements.items() if placement["offer_id"] is not None]
        if (admission := offered[n % len(offered)] if offered else self._admission(n, "held")) is not None:
            world = self.world
            self.step(world.accepts(admission) if accepting else world.declines(admission))

    @rule(n=N)
    def depart(self, n: int) -> None:
        if (admission := self._admission(n, *HERE)) is not None:
            self.step(self.world.departs(admission), "depart", admission)

    @rule(n=N, bed=N)
    def move(self, n: int, bed: int) -> None:
        if (admission := self._admission(n, *HERE)) is not None:
            self.step(self.world.moves(admission, self._bed(bed)))

    @rule(n=N, bed=N)
    def transfer(self, n: int, bed: int) -> None:
        if (admission := self._admission(n, *HERE)) is not None:
            self.step(self.world.transfers(admission, self._bed(bed)))

    @rule(n=N)
    def cancel_transfer(self, n: int) -> None:
        if (admission := self._admission(n, *HERE)) is not None:
            self.step(self.world.cancels_transfer(admission))

    @rule(n=N, m=N)
    def swap(self, n: int, m: int) -> None:
        one, other = self._admission(n, *HERE), self._admission(m, *HERE)
        if one is not None and other is not None:
            self.step(self.world.swaps(one, other))

    @rule(n=N, of=st.sampled_from(Reversible))
    def reverse(self, n: int, of: Reversible) -> None:
        if (admission := self._admission(n, *HERE)) is not None:
            may = "depart" if of is Reversible.ARRIVAL else None
            self.step(self.world.reverses(admission, of), may, admission)

    @rule(n=N)
    def leave_or_return(self, n: int) -> None:
        if (admission := self._admission(n, *HERE)) is not None:
            self.step(self.world.leaves_or_returns(admission))

    @rule(bed=N)
    def clean(self, bed: int) -> None:
        self.step(self.world.cleans(self._bed(bed)))

    @rule(bed=N)
    def make_ready_and_place(self, bed: int) -> None:
        """As it is wherever nothing stands still."""
        self.step(self.world.readies(self._bed(bed)))
        self.place()

    @rule()
    def time_passes(self) -> None:
        self.step(self.world.passes_time())

    @rule()
    def sweep(self) -> None:
        self.step(self.world.ward.sweeps_all())

    @rule()
    def place(self) -> None:
        self.step(self.world.ward.places_all())

    @rule(n=N, newest=st.booleans())
    def beds_hears(self, n: int, newest: bool) -> None:
        self._deliver(self.world.to_beds, n, newest)

    @rule(n=N, newest=st.booleans())
    def admissions_hears(self, n: int, newest: bool) -> None:
        self._deliver(self.world.to_admissions, n, newest)

    @rule()
    def both_hear_the_newest(self) -> None:
        for wire in (self.world.to_beds, self.world.to_admissions):
            for n in range(len(wire.newest())):
                self._deliver(wire, n, newest=True)

    @rule(n=N)
    def beds_hears_again(self, n: int) -> None:
        self._deliver(self.world.to_beds, n, newest=False)

    def _deliver(self, wire: Any, n: int, newest: bool) -> None:
        """The last of an admission, or anything that was ever said: late, doubled, after newer ones."""
        said = wire.newest() if newest else wire.said[::-1]
        if said:
            type(self).counted["heard"] += 1
            self.step(self.world.hear(wire, said[n % len(said)]))

    def teardown(self) -> None:
        world = getattr(self, "world", None)
        if world is not None:
            type(self).run(world.comes_to_rest())
            world.close()
            type(self).counted["done"] += world.done
            type(self).counted["refused"] += world.refused


def test_both_agree_whatever_is_delivered_when(worlds: Callable[[], World]):
    Protocol.new_world = staticmethod(worlds)
    run_state_machine_as_test(
        Protocol,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # a failure is thirty steps at most; making it shorter takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Protocol.counted["done"] > EXAMPLES
    assert Protocol.counted["heard"] > EXAMPLES
    decided = Protocol.run(worlds().decided_offers())
    assert {"accepted", "declined"} & set(decided), "nobody ever decided about an offer"
