"""Signing up, and what admins do with users."""

import asyncio
from uuid import uuid4

import pytest

from common.ids import new_id
from gateway.identity.first_admin import create_admin
from tests.gateway.conftest import OpenHouse
from tests.gateway.house import PASSWORD, House, Services


async def test_who_signs_up_has_no_rights_and_a_wish_that_admins_see(house: House):
    answer = await house.client().post(
        "/v1/users",
        json={"username": "Wishing.One", "email": "W@X.Org", "password": PASSWORD, "role": "nurse"},
    )
    user = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/users/{user['id']}")
    assert (user["username"], user["email"], user["grants"]) == ("wishing.one", "w@x.org", [])
    admin = await house.admin()
    listed = await admin.client.get("/v1/users", params={"wished_role": "nurse", "order": "-created_at"})
    assert listed.json()["items"][0]["id"] == user["id"]


async def test_names_are_taken_whatever_their_case(house: House):
    client = house.client()
    mail = {"email": "same@example.org"}
    assert (
        await client.post("/v1/users", json={"username": "samename", "password": PASSWORD} | mail)
    ).is_success
    same_name = await client.post("/v1/users", json={"username": "ＳameName", "password": PASSWORD})
    same_mail = await client.post(
        "/v1/users", json={"username": "o-ther", "password": PASSWORD, "email": "SAME@example.org"}
    )
    assert (same_name.status_code, same_name.json()["code"]) == (409, "username_taken")
    assert (same_mail.status_code, same_mail.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "too short"},
        {"password": "x" * 201},
        {"username": "two words"},
        {"username": "nul\0nul"},
        {"username": "somebody@else.org"},
        {"role": "king"},
        {"admin": True},
    ],
)
async def test_what_may_not_be_is_refused_without_an_echo(house: House, wrong: dict[str, object]):
    body = {"username": f"u{uuid4().hex[:9]}", "password": "correct horse battery"} | wrong
    answer = await house.client().post("/v1/users", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "correct horse" not in answer.text
    assert "somebody" not in answer.text


async def test_a_repeated_sign_up_is_one_user(house: House):
    body = {"username": f"once{uuid4().hex[:9]}", "password": PASSWORD}
    key = {"idempotency-key": str(uuid4())}
    answers = await asyncio.gather(
        *(house.client().post("/v1/users", json=body, headers=key) for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = await house.client().post("/v1/users", json=body | {"role": "nurse"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/users", None),
        ("GET", "/v1/users/{id}", None),
        ("PUT", "/v1/users/{id}/grants", {"grants": []}),
        ("PATCH", "/v1/users/{id}", {"active": False}),
        ("GET", "/v1/sessions?user_id={id}", None),
    ],
)
async def test_only_admins_deal_with_others(house: House, method: str, path: str, body: object):
    other, visitor, admin = await house.newcomer(), await house.newcomer(), await house.admin()
    path = path.format(id=other.id)
    stranger = await house.client().request(method, path, json=body)
    assert (stranger.status_code, stranger.json()["code"]) == (401, "unauthenticated")
    refused = await visitor.client.request(method, path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    looks = await house.looks("refused")
    assert looks[-1]["session_id"] == visitor.session_id
    assert looks[-1]["subjects"] == ([other.id] if f"/{other.id}" in path else [])
    assert (await admin.client.request(method, path, json=body)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "happened", "act"),
    [
        ("GET", "/v1/users?limit=200&order=-created_at", None, "search", "users.read"),
        ("GET", "/v1/users/{id}", None, "person_read", "users.read"),
        ("PUT", "/v1/users/{id}/grants", {"grants": []}, "person_read", "users.grant"),
        ("PATCH", "/v1/users/{id}", {"active": True}, "person_read", "users.change"),
        ("GET", "/v1/sessions?user_id={id}", None, "person_read", "sessions.read"),
    ],
)
async def test_an_admin_who_looks_at_somebody_is_told(
    house: House, method: str, path: str, body: object, happened: str, act: str
):
    """Also where a command changed nothing, and once a minute however often it is asked."""
    other, admin = await house.newcomer(), await house.admin()
    for _ in range(2):
        answer = await admin.client.request(method, path.format(id=other.id), json=body)
        assert answer.status_code == 200
    looks = [look for look in await house.looks(happened) if look["session_id"] == admin.session_id]
    assert [look["act"] for look in looks] == [act]
    assert other.id in looks[0]["subjects"]


async def test_two_people_looked_at_are_two_looks(house: House):
    one, other, admin = await house.newcomer(), await house.newcomer(), await house.admin()
    for who in (one, other, one):
        await admin.client.get(f"/v1/users/{who.id}")
    looks = [look for look in await house.looks("person_read") if look["session_id"] == admin.session_id]
    assert [look["subjects"] for look in looks] == [[one.id], [other.id]]


async def test_ones_own_user_and_sessions_are_no_looks(house: House):
    visitor = await house.newcomer()
    for path in ("/v1/me", "/v1/sessions", f"/v1/sessions?user_id={visitor.id}"):
        assert (await visitor.client.get(path)).status_code == 200
    looks = [*await house.looks("person_read"), *await house.looks("search")]
    assert visitor.session_id not in {look["session_id"] for look in looks}


async def test_grants_replace_each_other_and_raise_the_version(house: House):
    visitor, admin = await house.newcomer(), await house.admin()
    path, ward = f"/v1/users/{visitor.id}/grants", str(new_id())
    grants = [{"role": "bed_manager", "departments": None}, {"role": "nurse", "departments": [ward]}]
    answer = await admin.client.put(path, json={"grants": grants})
    assert (answer.json()["grants"], answer.json()["version"], answer.headers["etag"]) == (grants, 2, '"2"')
    assert (await visitor.client.get("/v1/me")).json()["grants"] == grants
    stale = await admin.client.put(path, json={"grants": []}, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await admin.client.put(path, json={"grants": grants})).json()["version"] == 2
    assert (await admin.client.put(path, json={"grants": []})).json()["grants"] == []


@pytest.mark.parametrize(
    "grants",
    [
        [{"role": "nurse", "departments": []}],
        [{"role": "nurse", "departments": None}, {"role": "nurse", "departments": None}],
        [{"role": "king", "departments": None}],
        [{"role": "nurse"}],
    ],
)
async def test_grants_that_make_no_sense_are_refused(house: House, grants: list[object]):
    visitor, admin = await house.newcomer(), await house.admin()
    answer = await admin.client.put(f"/v1/users/{visitor.id}/grants", json={"grants": grants})
    assert answer.status_code == 422


async def test_the_last_admin_stays(opening: OpenHouse, fresh_database: str, services: Services):
    async with opening(fresh_database, services) as house:
        url = house.environment["GATEWAY_DATABASE_URL"]
        assert await create_admin(url, "Chief", PASSWORD)
        assert not await create_admin(url, "chief", PASSWORD)
        chief = await house.visitor("chief")
        for answer in (
            await chief.client.put(f"/v1/users/{chief.id}/grants", json={"grants": []}),
            await chief.client.patch(f"/v1/users/{chief.id}", json={"active": False}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
        second = await house.admin()
        both = await asyncio.gather(
            chief.client.patch(f"/v1/users/{second.id}", json={"active": False}),
            second.client.patch(f"/v1/users/{chief.id}", json={"active": False}),
        )
        assert sorted(answer.status_code for answer in both) in ([200, 409], [200, 401])


async def test_events_tell_rights_and_never_names(house: House):
    name = f"secretive{uuid4().hex[:6]}"
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "role": "nurse"}
    user_id = (await house.client().post("/v1/users", json=body)).json()["id"]
    admin = await house.admin()
    grants = [{"role": "physician", "departments": [str(new_id())]}]
    await admin.client.put(f"/v1/users/{user_id}/grants", json={"grants": grants})
    await admin.client.patch(f"/v1/users/{user_id}", json={"active": False})
    (_, signed_up), (_, granted), (_, changed) = events = await house.events_of(user_id)
    assert [kind.split(".")[3] for kind, _ in events] == ["signed_up", "granted", "changed"]
    assert [payload["version"] for _, payload in events] == [1, 2, 3]
    assert (signed_up["wished_role"], signed_up["grants"]) == ("nurse", [])
    assert (granted["grants"], granted["auth_version"]) == (grants, 2)
    assert "grants" in granted["changed"]
    assert not changed["active"]
    whole = str(events) + str(await house.database.fetch("SELECT * FROM outbox"))
    assert name not in whole
    assert "argon2" not in whole
