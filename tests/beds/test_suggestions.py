"""The best beds for a patient: in which order, with what every rule says, and for whom to see."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from beds.domain.bed import BedState
from beds.domain.layout import SexPolicy
from beds.domain.rules import Fit, Isolation, Needs, Outcome, PatientSex, Place, Rule, Severity
from beds.records.places import Alike
from beds.reports.suggestions import Sought, Suggestion, seek_beds
from common.db import Reader
from common.ids import new_id
from common.statements import Statement
from tests.beds.test_rules import PACK, needs_of_somebody, places
from tests.beds.ward import Json, Ward, code_of

WOMAN, MAN = Needs(sex=PatientSex.FEMALE), Needs(sex=PatientSex.MALE)
FREE_OR_SOON = (BedState.AVAILABLE, BedState.DIRTY, BedState.CLEANING, BedState.INSPECT)
OVERRIDE: Json = {"override": {"reason_code": "no_other_bed"}}


async def suggested(ward: Ward, admission: UUID, role: str = "bed_manager", **query: Any) -> list[Json]:
    answer = await ward.staff(role).get(
        "/v1/beds/suggestions", params={"admission_id": str(admission), **query}
    )
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    for item in items:
        Suggestion.model_validate(item)
    return items


def fits(items: Sequence[Json]) -> dict[str, str]:
    """How each bed could be had, in the order in which they are suggested."""
    return {item["bed_id"]: item["fit"] for item in items}


async def a_mixed_department(ward: Ward) -> tuple[UUID, dict[UUID, Fit]]:
    """With a bed of each fit for an airborne woman, the best last in the order of their codes."""
    department = await ward.a_department()
    pressure = await ward.a_room(department, negative_pressure=True)
    dirty_alone = await ward.a_room(department, negative_pressure=True)
    for_men = await ward.a_room(department, negative_pressure=True, sex_policy=SexPolicy.MALE)
    made = {
        await ward.a_bed(department): Fit.UNSUITED,
        await ward.a_bed(department, BedState.DIRTY, room=dirty_alone): Fit.NOT_READY,
        await ward.a_bed(department, room=for_men): Fit.AGAINST_RULES,
        await ward.a_bed(department, room=pressure): Fit.SUITS,
    }
    for state in (BedState.BLOCKED, BedState.CLOSED, BedState.OCCUPIED, BedState.HELD):
        await ward.a_bed(department, state)
    return department, made


AIRBORNE_WOMAN = Needs(sex=PatientSex.FEMALE, isolation=Isolation.AIRBORNE)


async def who_waits_for(ward: Ward, department: UUID, needs: Needs | None = None) -> UUID:
    """Somebody whom no bed is given by itself."""
    return await ward.waits_for(department, needs=needs, ready=False)


async def test_the_best_beds_come_first_and_those_nobody_can_have_not_at_all(ward: Ward):
    department, made = await a_mixed_department(ward)
    admission = await who_waits_for(ward, department, AIRBORNE_WOMAN)
    assert list(fits(await suggested(ward, admission)).items()) == [
        (str(bed), fit) for bed, fit in reversed(made.items())
    ]


async def test_a_bed_can_be_had_just_as_it_is_suggested(ward: Ward):
    department, _ = await a_mixed_department(ward)
    admission = await who_waits_for(ward, department, AIRBORNE_WOMAN)
    for item in reversed(await suggested(ward, admission)):
        path, body = f"/v1/beds/{item['bed_id']}/holds", {"admission_id": str(admission)}
        plain = await ward.bed_manager.post(path, json=body)
        overriding = await ward.bed_manager.post(path, json=body | OVERRIDE)
        assert plain.is_success == (item["fit"] == Fit.SUITS), plain.text
        assert overriding.is_success == (item["fit"] == Fit.AGAINST_RULES), overriding.text
        assert item["may_override"] == (item["fit"] == Fit.AGAINST_RULES)


async def test_every_rule_says_what_it_thinks_of_a_bed(ward: Ward):
    department, _ = await a_mixed_department(ward)
    admission = await who_waits_for(ward, department, AIRBORNE_WOMAN)
    _, against, dirty, unsuited = await suggested(ward, admission)

    assert [{one["rule"] for one in item["verdicts"]} for item in (against, dirty)] == [set(Rule)] * 2
    assert [one["rule"] for one in against["verdicts"] if one["outcome"] == "fail"] == ["sex_policy"]
    assert [one["rule"] for one in dirty["verdicts"] if one["outcome"] == "fail"] == ["bed_ready"]
    assert [one["rule"] for one in unsuited["verdicts"] if one["outcome"] == "fail"] == ["negative_pressure"]
    costs = {one["rule"]: one["penalty"] for one in dirty["verdicts"] if one["outcome"] == "penalty"}
    assert costs.keys() == {"cleaning_left"}
    assert dirty["penalty"] == costs["cleaning_left"]


async def test_a_bed_is_the_sooner_had_the_further_its_cleaning_is(ward: Ward):
    department = await ward.a_department()
    dirty = await ward.a_bed(department, BedState.DIRTY)
    cleaning = await ward.a_bed(department, BedState.CLEANING)
    admission = await ward.waits_for(department)
    assert list(fits(await suggested(ward, admission))) == [str(cleaning), str(dirty)]


async def test_a_patient_is_not_the_own_neighbour(ward: Ward):
    """Nothing is known of this one, so beside anybody in a room of the first occupant the rule would fail."""
    department = await ward.a_department()
    room = await ward.a_room(department, sex_policy=SexPolicy.FIRST_OCCUPANT)
    await ward.a_bed(department, room=room)
    admission = await ward.in_bed(department)
    other = await ward.a_bed(department, room=room)

    assert fits(await suggested(ward, admission)) == {str(other): Fit.SUITS}
    beside = await who_waits_for(ward, department)
    assert fits(await suggested(ward, beside)) == {str(other): Fit.AGAINST_RULES}


async def test_who_is_transferred_is_shown_beds_of_the_receiving_department(ward: Ward):
    department, receiving = await ward.a_department(), await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    here, there = await ward.a_bed(department), await ward.a_bed(receiving)

    assert list(fits(await suggested(ward, admission))) == [str(here)]
    await ward.transfers(admission, there)
    assert list(fits(await suggested(ward, admission))) == [str(there)]
    assert list(fits(await suggested(ward, admission, department_id=str(department)))) == [str(here)]


async def test_what_a_transfer_says_is_needed_counts_in_the_receiving_department_only(ward: Ward):
    department, receiving = await ward.a_department(), await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    here, there = await ward.a_bed(department), await ward.a_bed(receiving)
    await ward.does(
        *("/v1/placements/{}/transfers", admission),
        role="bed_manager",
        department_id=str(receiving),
        needs={"isolation": "airborne"},
    )
    assert fits(await suggested(ward, admission)) == {str(there): Fit.UNSUITED}
    everywhere = fits(await suggested(ward, admission, department_id="any", limit=200))
    assert (everywhere[str(here)], everywhere[str(there)]) == (Fit.SUITS, Fit.UNSUITED)


async def test_after_a_hold_elsewhere_is_over_beds_are_sought_where_one_is_wanted(ward: Ward):
    wanted, elsewhere = await ward.a_department(), await ward.a_department()
    admission = await who_waits_for(ward, wanted)
    held = await ward.a_bed(elsewhere)
    await ward.holds(admission, held)
    bed = await ward.a_bed(wanted)
    await ward.lapses(held)
    assert list(fits(await suggested(ward, admission))) == [str(bed)]
    assert str(held) in fits(await suggested(ward, admission, department_id=str(elsewhere)))


async def test_a_charge_nurse_is_shown_beds_of_the_own_departments_only(ward: Ward):
    own, second, foreign = [await ward.a_department() for _ in range(3)]
    beds = [str(await ward.a_bed(department)) for department in (own, second)]
    hidden = str(await ward.a_bed(foreign))
    here, there = [await who_waits_for(ward, department) for department in (own, foreign)]
    nurse = ward.staff("charge_nurse", [own, second])

    async def asks(admission: UUID, **query: str) -> Any:
        return await nurse.get("/v1/beds/suggestions", params={"admission_id": str(admission), **query})

    everywhere = [
        item["bed_id"] for item in (await asks(there, department_id="any", limit="200")).json()["items"]
    ]
    assert sorted(everywhere) == sorted(beds)
    assert [item["bed_id"] for item in (await asks(here)).json()["items"]] == beds[:1]
    assert [
        item["bed_id"] for item in (await asks(there, department_id=str(second))).json()["items"]
    ] == beds[1:]
    assert code_of(await asks(there)) == (403, "forbidden")
    assert code_of(await asks(here, department_id=str(foreign))) == (403, "forbidden")
    manager = await suggested(ward, here, department_id="any", limit=200)
    assert {*beds, hidden} <= fits(manager).keys()


@pytest.mark.parametrize("role", ["nurse", "physician", "unit_manager", "housekeeping", "auditor", "admin"])
async def test_whoever_holds_no_beds_is_shown_none(ward: Ward, role: str):
    admission = await who_waits_for(ward, await ward.a_department())
    answer = await ward.staff(role).get("/v1/beds/suggestions", params={"admission_id": str(admission)})
    assert code_of(answer) == (403, "forbidden")


async def test_nothing_is_suggested_for_who_has_left(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.in_bed(department)
    await ward.departs(admission)
    answer = await ward.bed_manager.get("/v1/beds/suggestions", params={"admission_id": str(admission)})
    assert code_of(answer) == (409, "not_waiting")


async def test_an_admission_that_is_perhaps_on_its_way_is_asked_for_again(ward: Ward):
    for admission, told in ((new_id(), (503, "not_yet_known")), (uuid4(), (404, "not_found"))):
        answer = await ward.bed_manager.get("/v1/beds/suggestions", params={"admission_id": str(admission)})
        assert code_of(answer) == told


@pytest.mark.parametrize("query", [{"department_id": "all"}, {"limit": "0"}, {"limit": "201"}])
async def test_what_makes_no_sense_is_refused(ward: Ward, query: dict[str, str]):
    admission = await who_waits_for(ward, await ward.a_department())
    answer = await ward.bed_manager.get(
        "/v1/beds/suggestions", params={"admission_id": str(admission), **query}
    )
    assert code_of(answer) == (422, "invalid")


async def test_no_more_are_shown_than_asked_for(ward: Ward):
    department = await ward.a_department()
    for _ in range(12):
        await ward.a_bed(department)
    admission = await who_waits_for(ward, department)
    everything = list(fits(await suggested(ward, admission, limit=200)))
    assert len(everything) == 12
    assert list(fits(await suggested(ward, admission))) == everything[:10]
    assert list(fits(await suggested(ward, admission, limit=3))) == everything[:3]


async def test_the_tag_changes_when_a_hold_is_over_by_the_clock(ward: Ward):
    department = await ward.a_department()
    held = await ward.a_bed(department, BedState.HELD)
    admission = await who_waits_for(ward, department)
    query = {"admission_id": str(admission)}
    first = await ward.bed_manager.get("/v1/beds/suggestions", params=query)
    known = {"if-none-match": first.headers["etag"]}
    assert (
        await ward.bed_manager.get("/v1/beds/suggestions", params=query, headers=known)
    ).status_code == 304
    await ward.lapses(held)
    again = await ward.bed_manager.get("/v1/beds/suggestions", params=query, headers=known)
    assert (again.status_code, list(fits(again.json()["items"]))) == (200, [str(held)])


async def test_a_rule_weighs_what_it_weighs_now(ward: Ward):
    """Not what it will from a later moment on, nor what it did when it was last asked."""
    department = await ward.a_department()
    await ward.a_bed(department, BedState.DIRTY)
    admission = await ward.waits_for(department)

    async def penalty() -> int:
        (one,) = await suggested(ward, admission)
        weighs: int = one["penalty"]
        return weighs

    before = await penalty()
    change = "INSERT INTO placement_rule VALUES ('cleaning_left', now() + $1::interval, 'soft', $2)"
    await ward.admin.execute(change, timedelta(days=1), 1000)
    assert await penalty() == before
    await ward.admin.execute(change, timedelta(0), 2000)
    assert await penalty() == 3 * 2000


class Counting(Reader):
    """In the place of a reader: counts what is asked."""

    asked = 0

    async def first(self, statement: Statement, **values: Any) -> Any:
        self.asked += 1
        return await super().first(statement, **values)


async def test_one_statement_finds_them(ward: Ward):
    department = await ward.a_department()
    for _ in range(3):
        room = await ward.a_room(department)
        for _ in range(2):
            await ward.a_bed(department, room=room)
    admission = await who_waits_for(ward, department)
    reader = Counting(ward.database.pool)
    sought = await seek_beds(reader, admission, None, None, anywhere=False)
    assert (reader.asked, len(list(sought.best(10, lambda _: True)))) == (1, 6)


found = st.builds(
    Alike,
    department_id=st.just(str(new_id())),
    room_id=st.none(),
    place=st.builds(
        lambda place, state: Place(state, place.equipment, place.room, place.single, place.neighbours),
        places,
        st.sampled_from(FREE_OR_SOON),
    ),
    beds=st.lists(st.tuples(st.text("ab", max_size=2), st.uuids().map(str)), min_size=1, max_size=3),
)


@given(st.lists(found, max_size=6), needs_of_somebody, st.integers(1, 10))
def test_nothing_better_stands_behind_anything_worse(alike: list[Alike], needs: Needs, limit: int):
    best = list(Sought(None, needs, {}, PACK, alike).best(100, lambda _: True))
    assert len(best) == sum(len(one.beds) for one in alike)
    words = [list(Fit).index(one["fit"]) for one in best]
    assert words == sorted(words)
    for fit in Fit:
        against = [
            (sum(verdict.outcome is Outcome.FAIL for verdict in one["verdicts"]), one["penalty"])
            for one in best
            if one["fit"] is fit
        ]
        assert against == sorted(against)
    assert list(Sought(None, needs, {}, PACK, alike).best(limit, lambda _: True)) == best[:limit]


@given(found, needs_of_somebody)
def test_how_a_bed_could_be_had_follows_from_what_the_rules_say(alike: Alike, needs: Needs):
    (one, *_) = Sought(None, needs, {}, PACK, [alike]).best(1, lambda _: True)
    failed = {
        verdict.rule: verdict.severity for verdict in one["verdicts"] if verdict.outcome is Outcome.FAIL
    }
    hard = {rule for rule, severity in failed.items() if severity is Severity.HARD}
    assert (one["fit"] is Fit.SUITS) == (not failed)
    assert (one["fit"] is Fit.AGAINST_RULES) == bool(failed and not hard) == one["may_override"]
    assert (one["fit"] is Fit.NOT_READY) == (hard == {Rule.BED_READY})
    assert one["penalty"] == sum(verdict.penalty for verdict in one["verdicts"])
