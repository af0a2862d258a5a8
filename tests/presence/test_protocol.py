"""Presence and admission never contradict each other, whatever order people and messages come in (domain §2)."""

import asyncio
from collections import Counter
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
from tests.presence.replaying import assert_rebuilt
from tests.presence.world import HERE, World

EXAMPLES, STEPS = 40, 35


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


WAITING = ("queued", "held")
CAN_BE_ENDED = ("requested", "bed_assigned")
N = st.integers(0, 11)

Act = Callable[["Protocol", int, int], None]
When = Callable[["Protocol"], Any]
#: What may happen next, and when there is any sense in it; what is here twice happens twice as often.
ACTS: list[tuple[Act, When]] = []


def may(when: When = lambda walk: True, *, times: int = 1) -> Callable[[Act], Act]:
    """`n` and `m` of an act choose among whatever there is at that moment."""

    def declare(act: Act) -> Act:
        ACTS.extend([(act, when)] * times)
        return act

    return declare


def somebody(*states: str, besides: int = 0) -> When:
    return lambda walk: sum(state in states for state in walk.placed.values()) > besides


def a_bed(*states: str) -> When:
    return lambda walk: any(state in states for state in walk.beds.values())


class Protocol(RuleBasedStateMachine):
    """People act and messages arrive, one step at a time.

    All is one rule, since of many rules Hypothesis leaves out about half in each walk, and tries most when they make no
    sense: hardly anybody was ever moved.
    """

    run: ClassVar[Callable[[Awaitable[Any]], Any]]
    new_world: ClassVar[Callable[[], World]]
    counted: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.placed: dict[UUID, str] = {}
        self.admitted: dict[UUID, str] = {}
        self.beds: dict[UUID, str] = {}
        self.merged: list[UUID] = []
        self.outside: list[UUID] = []
        self.offered: list[UUID] = []

    @initialize(been_here=st.booleans(), offered=st.booleans(), decided=st.booleans(), m=N)
    def begin(self, been_here: bool, offered: bool, decided: bool, m: int) -> None:
        """With three who want a bed: one may have been here before, and one is perhaps `offered` a bed.

        Half of the offers are `decided` at once: in a short walk nobody may come to it.
        """
        self.world = type(self).new_world()
        type(self).run(self.world.open())
        if been_here:
            self.admit_anybody(2, 1)
            self.be_heard_by_both(0, 0)
            self.arrive(0, 1)
            self.depart(0, 0)
            self.be_heard_by_both(0, 0)
        self.admit_anybody(0, 0)
        self.admit_anybody(1, 1)
        self.admit_anybody(2, 1)  # waits: the department has one bed
        if offered:
            self.be_heard_by_both(0, 0)
            self.pass_time(0, 0)
            self.sweep(0, 0)
            self.place(0, 0)
            if decided and self.offered:
                self.decide_about_an_offer(0, m)

    def step(self, act: Awaitable[object], may: str | None = None, who: UUID | None = None) -> None:
        """`may` is what this act may do to the presence of `who`: arrive or depart. Nothing else may."""
        type(self).run(self._watched(act, may, who))

    async def _watched(self, act: Awaitable[object], may: str | None, who: UUID | None) -> None:
        here, beds = self._here(), self.beds
        await act
        await self._look()
        here_now = self._here()
        assert here - here_now <= ({who} if may == "depart" else set()), "a patient is lost from a bed"
        assert here_now - here <= ({who} if may == "arrive" else set()), "a patient is put in a bed"
        for bed, state in self.beds.items():
            if beds.get(bed) == "occupied":
                assert state in ("occupied", "dirty"), f"occupied to {state} without dirty"
        await self.world.check()

    async def _look(self) -> None:
        world = self.world
        placements = await world.presence()
        self.placed = {one: placement["state"] for one, placement in placements.items()}
        self.offered = [one for one, placement in placements.items() if placement["offer_id"] is not None]
        self.admitted = await world.states_of_admissions()
        self.beds = await world.states_of_beds()
        self.outside = await world.patients_outside()
        self.merged = [record for record, person in (await world.persons()).items() if record != person]

    def _here(self) -> set[UUID]:
        return {one for one, state in self.placed.items() if state in HERE}

    def admitted_as(self, *states: str) -> list[UUID]:
        return [one for one, state in self.admitted.items() if state in states]

    def _admission(self, n: int, *states: str) -> UUID:
        """One whose placement is in one of these states, as far as there is any; every eighth time just anybody."""
        known = self.world.admissions
        fitting = [one for one in known if n != 7 and self.placed.get(one) in states] or known
        return fitting[n % len(fitting)]

    def _bed(self, n: int) -> UUID:
        return self.world.beds[n % 3]

    @rule(k=st.integers(0, 999), n=N, m=N)
    def something_happens(self, k: int, n: int, m: int) -> None:
        possible = [act for act, when in ACTS if when(self)]
        possible[k % len(possible)](self, n, m)

    @may(lambda walk: walk.outside and len(walk.world.admissions) < 6)
    def admit(self, n: int, m: int) -> None:
        patient = self.outside[n % len(self.outside)]
        self.step(self.world.admits(patient, self.world.departments[m % 2], None))

    @may()
    def admit_anybody(self, n: int, m: int) -> None:
        self.step(self.world.admits(self.world.patients[n % 3], self.world.departments[m % 2], None))

    @may()
    def want_another(self, n: int, m: int) -> None:
        bed = self.world.beds[m % 2 * 2] if n % 2 else None
        self.step(self.world.wants(self._admission(n), self.world.departments[m % 2], bed))

    @may(lambda walk: walk.admitted_as(*CAN_BE_ENDED))
    def end(self, n: int, m: int) -> None:
        target = (AdmissionState.CANCELLED, AdmissionState.NO_SHOW)[m % 2]
        self.step(self.world.ends(self._admission(n, *WAITING), target))

    @may(lambda walk: walk.admitted_as("discharged"), times=4)
    def reopen(self, n: int, m: int) -> None:
        left = self.admitted_as("discharged")
        self.step(self.world.reopens(left[n % len(left)]))

    @may()
    def enter_in_error(self, n: int, m: int) -> None:
        states = (WAITING, HERE, ("left",))[m % 3]
        self.step(self.world.enters_in_error(self._admission(n, *states)))

    @may()
    def merge(self, n: int, m: int) -> None:
        patients = self.world.patients
        self.step(self.world.merges(patients[n % 3], patients[(n + 1 + m % 2) % 3]))

    @may(lambda walk: walk.merged)
    def undo_merge(self, n: int, m: int) -> None:
        self.step(self.world.undoes_merge(self.merged[n % len(self.merged)]))

    @may(somebody(*WAITING))
    def hold(self, n: int, m: int) -> None:
        self.step(self.world.holds(self._admission(n, *WAITING), self._bed(m)))

    @may(somebody(*WAITING))
    def reserve(self, n: int, m: int) -> None:
        self.step(self.world.reserves(self._admission(n, *WAITING), self._bed(m)))

    @may()
    def give_back(self, n: int, m: int) -> None:
        self.step(self.world.gives_back(self._bed(m)))

    @may()
    def reach_reservations(self, n: int, m: int) -> None:
        self.step(self.world.begins_reservations())

    @may()
    def turn_reservations(self, n: int, m: int) -> None:
        self.step(self.world.ward.turns_reservations())

    @may(a_bed("held"))
    def release(self, n: int, m: int) -> None:
        self.step(self.world.releases(self._bed(m)))

    @may(somebody(*WAITING), times=3)
    def arrive(self, n: int, m: int) -> None:
        admission = self._admission(n, *WAITING)
        self.step(self.world.arrives(admission, None if m % 2 else self._bed(m)), "arrive", admission)

    @may(lambda walk: walk.offered, times=3)
    def decide_about_an_offer(self, n: int, m: int) -> None:
        admission = self.offered[n % len(self.offered)]
        self.step(self.world.accepts(admission) if m % 2 else self.world.declines(admission))

    @may(somebody(*HERE))
    def depart(self, n: int, m: int) -> None:
        admission = self._admission(n, *HERE)
        self.step(self.world.departs(admission), "depart", admission)

    @may(somebody(*HERE))
    def move(self, n: int, m: int) -> None:
        self.step(self.world.moves(self._admission(n, *HERE), self._bed(m)))

    @may(somebody(*HERE), times=2)
    def transfer(self, n: int, m: int) -> None:
        self.step(self.world.transfers(self._admission(n, *HERE), self._bed(m)))

    @may(somebody(*HERE))
    def cancel_transfer(self, n: int, m: int) -> None:
        self.step(self.world.cancels_transfer(self._admission(n, *HERE)))

    @may(somebody(*HERE, besides=1), times=2)
    def swap(self, n: int, m: int) -> None:
        here = sorted(self._here())
        one, other = here[n % len(here)], here[(n + 1) % len(here)]
        self.step(self.world.swaps(one, other))

    @may(somebody(*HERE), times=2)
    def reverse(self, n: int, m: int) -> None:
        admission, of = self._admission(n, *HERE), list(Reversible)[m % 2]
        may = "depart" if of is Reversible.ARRIVAL else None
        self.step(self.world.reverses(admission, of), may, admission)

    @may(somebody(*HERE))
    def leave_or_return(self, n: int, m: int) -> None:
        self.step(self.world.leaves_or_returns(self._admission(n, *HERE)))

    @may(a_bed("dirty", "cleaning"), times=2)
    def clean(self, n: int, m: int) -> None:
        self.step(self.world.cleans(self._bed(m)))

    @may(a_bed("dirty"))
    def make_ready_and_place(self, n: int, m: int) -> None:
        """As it is wherever nothing stands still."""
        self.step(self.world.readies(self._bed(m)))
        self.place(n, m)

    @may(a_bed("held"))
    def pass_time(self, n: int, m: int) -> None:
        self.step(self.world.passes_time())

    @may()
    def sweep(self, n: int, m: int) -> None:
        self.step(self.world.ward.sweeps_all())

    @may()
    def place(self, n: int, m: int) -> None:
        self.step(self.world.ward.places_all())

    @may(times=3)
    def be_heard_in_beds(self, n: int, m: int) -> None:
        self._deliver(self.world.to_beds, n, newest=m % 3 > 0)

    @may(times=3)
    def be_heard_in_admissions(self, n: int, m: int) -> None:
        self._deliver(self.world.to_admissions, n, newest=m % 3 > 0)

    @may(times=3)
    def be_heard_by_both(self, n: int, m: int) -> None:
        for wire in (self.world.to_beds, self.world.to_admissions):
            for number in range(len(wire.newest())):
                self._deliver(wire, number, newest=True)

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
            type(self).run(assert_rebuilt(world))
            world.close()
            type(self).counted.update(world.done)


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
    assert Protocol.counted["act"] > EXAMPLES
    assert Protocol.counted["heard"] > EXAMPLES
    rare = ("reopen", "enter in error", "merge", "undo merge")
    assert sum(Protocol.counted[what] for what in rare) > EXAMPLES // 4, Protocol.counted
    decided = Protocol.run(worlds().decided_offers())
    assert {"accepted", "declined"} & set(decided), "nobody ever decided about an offer"
