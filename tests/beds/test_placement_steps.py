"""The table of the steps of a placement is what its methods do, no more and no less."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product

from beds.domain.placement import PLACEMENT_STEPS, WAITING, Placement, PlacementState, Unplaced
from common.errors import Invalid, Refusal
from common.ids import new_id
from tests.beds.test_domain import ELSEWHERE, HOUR, NOW, WANT, WARD, a_placement, reconciled

P = PlacementState
BED = new_id()


def placements() -> Iterator[Placement]:
    """One of each sort: who waits wants something, or was found without a bed after a restore."""
    for state, stay_number, want in product(P, (1, 2), (WANT, None)):
        if state in WAITING and want is None:
            continue
        if state is P.WITHDRAWN and (stay_number > 1 or want is not None):
            continue
        yield a_placement(state, want=want, stay_number=stay_number)
    yield a_placement(P.QUEUED, refusal=Unplaced.RECOVERED)


def held(placement: Placement) -> Placement:
    return placement.held(BED, WARD, new_id(), NOW.at + HOUR, NOW)


def outcomes(placement: Placement) -> Iterator[tuple[str, PlacementState]]:
    """What each of its methods makes of it, as the handlers use them."""
    for department in (WARD, ELSEWHERE):  # where the bed is that is held, and where it is not
        want = replace(WANT, department_id=department)
        again = reconciled(placement, want, stay_number=placement.stay_number + 1)
        yield "want", again.placement.state
        if again.seeks_bed:
            yield "want", held(again.placement).state
    yield "want nothing", reconciled(placement, None).placement.state
    if placement.state is P.HELD:
        yield "end of the hold", placement.unheld(Unplaced.RELEASED, NOW).state
        yield "end of the hold", placement.passed_over(NOW).state
        yield "end of the hold", placement.settled(NOW.at + 2 * HOUR).state
    with suppress(Refusal):
        yield "hold", held(placement).state
    with suppress(Refusal, Invalid):
        yield "arrival", placement.arrived(placement.bed_for_arrival(BED), WARD, NOW).state
    with suppress(Refusal):
        yield "leave", placement.left_on_leave(NOW).state
    with suppress(Refusal):
        yield "return", placement.returned(NOW).state
    with suppress(Refusal):
        yield "departure", placement.departed("home", NOW).state
    with suppress(Refusal):
        yield "arrival reversed", placement.arrival_reversed(NOW).state


def test_every_step_of_a_method_is_in_the_table_and_every_one_of_the_table_is_taken():
    taken = {
        (act, placement.state, becomes)
        for placement in placements()
        for act, becomes in outcomes(placement)
        if becomes is not placement.state
    }
    assert taken == {
        (act, was, becomes)
        for act, step in PLACEMENT_STEPS.items()
        for was, becomes in product(step.sources, step.becomes)
        if was is not becomes
    }


def test_a_move_and_a_transfer_leave_it_where_it_is():
    placement = a_placement(P.IN_BED)
    after = (
        placement.moved(BED, WARD, NOW),
        placement.brought(BED, WARD, NOW),
        placement.transferring(new_id(), NOW),
        placement.entered_erroneously(NOW),
    )
    assert {one.state for one in after} == {P.IN_BED}
