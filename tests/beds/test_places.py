"""For whom a room is and what stays with a bed: kept by an admin, shown to everybody, told to others."""

from uuid import UUID

import pytest

from tests.beds.ward import Json, Ward

FOR_EVERYBODY = {
    "sex_policy": "any",
    "negative_pressure": False,
    "age_band": "any",
    "level_of_care": "ward",
    "specialty": None,
}
FOR_AN_AIRBORNE_CHILD = {
    "sex_policy": "first_occupant",
    "negative_pressure": True,
    "age_band": "child",
    "level_of_care": "intensive",
    "specialty": "infectious_diseases",
}


async def a_room(ward: Ward, **facts: object) -> Json:
    new = {"department_id": str(await ward.a_department()), "code": "R1", **facts}
    shown: Json = (await ward.does("/v1/rooms", role="admin", **new)).json()
    return shown


def facts_of(room: Json) -> Json:
    return {name: room[name] for name in FOR_EVERYBODY}


async def test_a_room_is_for_everybody_when_nothing_is_said(ward: Ward):
    assert facts_of(await a_room(ward)) == FOR_EVERYBODY


async def test_a_room_is_for_those_it_was_built_for(ward: Ward):
    room = await a_room(ward, **FOR_AN_AIRBORNE_CHILD)

    assert facts_of(room) == FOR_AN_AIRBORNE_CHILD
    assert facts_of(await ward.last_told(UUID(room["id"]))) == FOR_AN_AIRBORNE_CHILD


async def test_only_what_is_sent_is_changed(ward: Ward):
    room = await a_room(ward, **FOR_AN_AIRBORNE_CHILD)
    admin = ward.staff("admin")

    changed = (await admin.patch(f"/v1/rooms/{room['id']}", json={"negative_pressure": False})).json()
    assert facts_of(changed) == FOR_AN_AIRBORNE_CHILD | {"negative_pressure": False}
    changed = (await admin.patch(f"/v1/rooms/{room['id']}", json={"specialty": None})).json()
    assert (changed["specialty"], changed["age_band"]) == (None, "child")
    assert (await ward.last_told(UUID(room["id"])))["changed"][0] == "specialty"


async def test_a_bed_has_its_equipment(ward: Ward):
    new = {"department_id": str(await ward.a_department()), "code": "B1"}
    bed = (await ward.does("/v1/beds", role="admin", **new, equipment=["ventilator", "monitor"])).json()
    assert bed["equipment"] == ["monitor", "ventilator"]
    assert (await ward.last_told(UUID(bed["id"])))["equipment"] == ["monitor", "ventilator"]

    changed = await ward.staff("admin").patch(f"/v1/beds/{bed['id']}", json={"equipment": ["monitor"]})
    assert (changed.json()["equipment"], changed.json()["code"]) == (["monitor"], "B1")


@pytest.mark.parametrize(
    "nonsense", [{"sex_policy": "women"}, {"age_band": "old"}, {"level_of_care": "best"}, {"sex_policy": 1}]
)
async def test_words_that_no_rule_knows_are_refused(ward: Ward, nonsense: Json):
    room = await a_room(ward)
    answer = await ward.staff("admin").patch(f"/v1/rooms/{room['id']}", json=nonsense)
    assert answer.status_code == 422
