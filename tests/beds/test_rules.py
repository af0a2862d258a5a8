"""The placement rules as pure functions: what each says, and what holds of all of them whoever lies where."""

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from beds.domain.bed import BedState
from beds.domain.layout import AgeBand, LevelOfCare, RoomFacts, SexPolicy
from beds.domain.rules import (
    ALWAYS_HARD,
    Isolation,
    Needs,
    Outcome,
    PackedRule,
    PatientAge,
    PatientSex,
    Place,
    PlacementRuleFailed,
    Rule,
    RulePack,
    Severity,
)

OVERRIDABLE = (
    Rule.SEX_POLICY,
    Rule.FIRST_OCCUPANT,
    Rule.ISOLATION,
    Rule.BESIDE_ISOLATION,
    Rule.AGE_BAND,
    Rule.LEVEL_OF_CARE,
)
SOFT = [rule for rule in Rule if rule not in (*ALWAYS_HARD, *OVERRIDABLE)]
PACK = RulePack(
    [PackedRule(rule, Severity.OVERRIDABLE, 0) for rule in OVERRIDABLE]
    + [PackedRule(rule, Severity.SOFT, 1 if rule is Rule.CROWDING else 10) for rule in SOFT]
)
SHARED = Place(BedState.AVAILABLE, frozenset(), RoomFacts(), single=False, neighbours=())
SINGLE = replace(SHARED, single=True)
WOMAN, MAN = Needs(sex=PatientSex.FEMALE), Needs(sex=PatientSex.MALE)
FLU = Needs(isolation=Isolation.DROPLET, organism="influenza_a")
MRSA = Needs(isolation=Isolation.CONTACT, organism="mrsa")
AIRBORNE = Needs(isolation=Isolation.AIRBORNE)
PRESSURE = RoomFacts(negative_pressure=True)

needs_of_somebody = st.builds(
    Needs,
    sex=st.none() | st.sampled_from(PatientSex),
    age_band=st.none() | st.sampled_from(PatientAge),
    isolation=st.sampled_from(Isolation),
    organism=st.none() | st.sampled_from(["mrsa", "influenza_a"]),
    equipment=st.lists(st.sampled_from(["monitor", "ventilator"]), unique=True).map(tuple),
    level_of_care=st.sampled_from(LevelOfCare),
)
rooms = st.builds(
    RoomFacts,
    sex_policy=st.sampled_from(SexPolicy),
    negative_pressure=st.booleans(),
    age_band=st.sampled_from(AgeBand),
    level_of_care=st.sampled_from(LevelOfCare),
)
places = st.builds(
    Place,
    state=st.just(BedState.AVAILABLE),
    equipment=st.frozensets(st.sampled_from(["monitor", "ventilator"])),
    room=rooms,
    single=st.just(False),
    neighbours=st.lists(st.none() | needs_of_somebody, max_size=3).map(tuple),
)


def beside(*neighbours: Needs | None, room: RoomFacts | None = None) -> Place:
    return replace(SHARED, neighbours=neighbours, room=room or RoomFacts())


def in_room(**facts: object) -> Place:
    return replace(SHARED, room=RoomFacts(**facts))  # type: ignore[arg-type]


OF_FIRST = RoomFacts(sex_policy=SexPolicy.FIRST_OCCUPANT)


@pytest.mark.parametrize(
    ("place", "needs", "failed"),
    [
        (SHARED, Needs(), set()),
        (SHARED, AIRBORNE, {Rule.NEGATIVE_PRESSURE}),
        (replace(SINGLE, room=PRESSURE), AIRBORNE, set()),
        (beside(Needs(), room=PRESSURE), AIRBORNE, {Rule.ISOLATION}),
        (beside(AIRBORNE, room=PRESSURE), Needs(), {Rule.BESIDE_ISOLATION}),
        (SHARED, Needs(equipment=("ventilator",)), {Rule.EQUIPMENT}),
        (replace(SHARED, equipment=frozenset({"ventilator"})), Needs(equipment=("ventilator",)), set()),
        (replace(SHARED, state=BedState.DIRTY), Needs(), {Rule.BED_READY}),
        (in_room(sex_policy=SexPolicy.FEMALE), WOMAN, set()),
        (in_room(sex_policy=SexPolicy.FEMALE), MAN, {Rule.SEX_POLICY}),
        (in_room(sex_policy=SexPolicy.FEMALE), Needs(), {Rule.SEX_POLICY}),
        (beside(room=OF_FIRST), MAN, set()),
        (beside(WOMAN, room=OF_FIRST), WOMAN, set()),
        (beside(WOMAN, room=OF_FIRST), MAN, {Rule.FIRST_OCCUPANT}),
        (beside(WOMAN, room=OF_FIRST), Needs(), {Rule.FIRST_OCCUPANT}),
        (beside(Needs(), room=OF_FIRST), WOMAN, {Rule.FIRST_OCCUPANT}),
        (SINGLE, Needs(isolation=Isolation.CONTACT), set()),
        (SHARED, Needs(isolation=Isolation.CONTACT), {Rule.ISOLATION}),
        (SHARED, FLU, set()),
        (beside(FLU), FLU, set()),
        (beside(Needs()), FLU, {Rule.ISOLATION}),
        (beside(FLU), Needs(), {Rule.BESIDE_ISOLATION}),
        (beside(MRSA), FLU, {Rule.ISOLATION, Rule.BESIDE_ISOLATION}),
        (beside(None), Needs(), {Rule.BESIDE_ISOLATION}),
        (in_room(age_band=AgeBand.CHILD), Needs(age_band=PatientAge.CHILD), set()),
        (in_room(age_band=AgeBand.CHILD), Needs(age_band=PatientAge.ADULT), {Rule.AGE_BAND}),
        (in_room(age_band=AgeBand.CHILD), Needs(), {Rule.AGE_BAND}),
        (SHARED, Needs(level_of_care=LevelOfCare.STEP_DOWN), {Rule.LEVEL_OF_CARE}),
        (in_room(level_of_care=LevelOfCare.INTENSIVE), Needs(level_of_care=LevelOfCare.STEP_DOWN), set()),
    ],
)
def test_what_fails_for_whom(place: Place, needs: Needs, failed: set[Rule]):
    assert PACK.failed(place, needs) == failed


@pytest.mark.parametrize(
    ("better", "worse", "needs"),
    [
        (in_room(specialty="surgery"), SHARED, Needs(specialty="surgery")),
        (SHARED, in_room(specialty="surgery"), Needs()),
        (SHARED, SINGLE, Needs()),
        (SHARED, in_room(negative_pressure=True), Needs()),
        (SHARED, replace(SHARED, equipment=frozenset({"ventilator"})), Needs()),
        (SHARED, in_room(level_of_care=LevelOfCare.INTENSIVE), Needs()),
        (beside(WOMAN, room=OF_FIRST), beside(room=OF_FIRST), WOMAN),
        (SHARED, replace(SHARED, state=BedState.CLEANING), Needs()),
        (replace(SHARED, state=BedState.CLEANING), replace(SHARED, state=BedState.DIRTY), Needs()),
    ],
)
def test_which_bed_is_the_better_one(better: Place, worse: Place, needs: Needs):
    assert PACK.penalty(better, needs) < PACK.penalty(worse, needs)


@given(places, needs_of_somebody)
def test_an_override_lets_pass_what_may_be_overridden_and_nothing_else(place: Place, needs: Needs):
    failed = PACK.failed(place, needs)
    if failed & set(ALWAYS_HARD):
        with pytest.raises(PlacementRuleFailed) as refused:
            PACK.expect_suitable(place, needs, overriding=True, overridden=failed)
        assert {verdict.rule for verdict in refused.value.facts["failed"]} == failed & set(ALWAYS_HARD)
    else:
        assert PACK.expect_suitable(place, needs, overriding=True) == failed


@given(places, needs_of_somebody)
def test_without_an_override_whatever_fails_is_refused_by_name(place: Place, needs: Needs):
    failed = PACK.failed(place, needs)
    if not failed:
        assert PACK.expect_suitable(place, needs) == frozenset()
        return
    with pytest.raises(PlacementRuleFailed) as refused:
        PACK.expect_suitable(place, needs)
    assert {verdict.rule for verdict in refused.value.facts["failed"]} == failed


@given(rooms, st.lists(needs_of_somebody, max_size=4))
def test_a_room_that_was_filled_by_the_rules_has_nobody_beside_a_foreign_isolation(
    room: RoomFacts, coming: list[Needs]
):
    inside: tuple[Needs, ...] = ()
    for needs in coming:
        if not PACK.failed(replace(SHARED, room=room, neighbours=inside), needs):
            inside += (needs,)
    isolations = {(one.isolation, one.organism) for one in inside}
    assert len(isolations) <= 1 or all(isolation is Isolation.NONE for isolation, _ in isolations)
    if room.sex_policy is not SexPolicy.ANY and len(inside) > 1:
        assert len({one.sex for one in inside}) == 1


@given(places, needs_of_somebody)
def test_the_verdicts_say_what_is_decided(place: Place, needs: Needs):
    verdicts = PACK.verdicts(place, needs)
    assert {one.rule for one in verdicts} == set(Rule)
    assert {one.rule for one in verdicts if one.outcome is Outcome.FAIL} == PACK.failed(place, needs)
    assert sum(one.penalty for one in verdicts) == PACK.penalty(place, needs)


@pytest.mark.parametrize("rule", ALWAYS_HARD)
def test_no_pack_softens_what_is_always_hard(rule: Rule):
    softened = RulePack([PackedRule(rule, Severity.OVERRIDABLE, 0)])
    place = replace(SHARED, state=BedState.DIRTY)
    with pytest.raises(PlacementRuleFailed):
        softened.expect_suitable(
            place, replace(AIRBORNE, equipment=("ventilator",)), overriding=True, overridden=[rule]
        )
