"""Signing in and out; who is let in and until when."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256

import orjson
import pytest
from httpx2 import AsyncClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tests.gateway.conftest import OpenHouse
from tests.gateway.house import PASSWORD, House, Services, Visitor
from tests.support.waiting import eventually


async def test_in_and_out(house: House):
    visitor = await house.newcomer()
    me = (await visitor.client.get("/v1/me")).json()
    assert (me["user"]["id"], me["session_id"], me["grants"]) == (visitor.id, visitor.session_id, [])
    assert (await visitor.client.delete("/v1/sessions/current")).status_code == 204
    assert (await visitor.client.get("/v1/me")).status_code == 401
    assert [look["subjects"] for look in await house.looks("signed_out")][-1] == [visitor.id]


async def test_the_email_address_is_a_name_too(house: House):
    body = {"username": "by.mail", "email": "by.mail@example.org", "password": PASSWORD}
    await house.client().post("/v1/users", json=body)
    assert await house.visitor("By.Mail@Example.org")


async def test_the_database_knows_only_a_digest(house: House):
    visitor = await house.newcomer()
    stored = await house.database.fetchrow("SELECT * FROM session WHERE id = $1", visitor.session_id)
    assert stored is not None
    assert stored["token_sha256"] == sha256(visitor.token.encode()).digest()
    assert visitor.token not in str(dict(stored))


async def test_all_refusals_look_the_same(house: House):
    visitor, gone, admin = await house.newcomer(), await house.newcomer(), await house.admin()
    await admin.client.patch(f"/v1/users/{gone.id}", json={"active": False})
    tries = [(visitor.name, "a wrong password"), ("nobody-at-all", PASSWORD), (gone.name, PASSWORD)]
    answers = [
        await house.client().post("/v1/sessions", json={"username": name, "password": password})
        for name, password in tries
    ]
    told = [{**answer.json(), "request_id": None} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert told[0] == told[1] == told[2]
    assert told[0]["code"] == "sign_in_refused"
    subjects = [look["subjects"] for look in await house.looks("sign_in_refused")][-3:]
    assert subjects == [[visitor.id], [], [gone.id]]


async def test_changed_rights_are_felt_at_once_here_and_within_a_second_elsewhere(
    house: House, opening: OpenHouse, shared_database: str, services: Services
):
    visitor, admin = await house.newcomer(), await house.admin()
    async with opening(shared_database, services) as other:
        assert (await visitor.at(other)).json()["grants"] == []
        grants = [{"role": "nurse", "departments": None}]
        await admin.client.put(f"/v1/users/{visitor.id}/grants", json={"grants": grants})
        await visitor.client.get("/v1/beds")
        assert decoded(services, visitor)["grants"] == grants

        async def felt() -> bool:
            await other.client().get("/v1/beds", headers={"authorization": f"Bearer {visitor.token}"})
            return decoded(services, visitor)["grants"] == grants

        await eventually(felt, within=1.1)
        await admin.client.delete(f"/v1/sessions/{visitor.session_id}")
        assert (await visitor.at(house)).status_code == 401

        async def refused() -> bool:
            return (await visitor.at(other)).status_code == 401

        await eventually(refused, within=1.1)


def decoded(services: Services, visitor: Visitor) -> dict[str, object]:
    """The claims that the last request to a service carried."""
    payload = services.asked[-1].token.split(".")[1]
    claims: dict[str, object] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["sub"] == visitor.id
    return claims


async def test_deactivation_ends_every_session(house: House):
    visitor, admin = await house.newcomer(), await house.admin()
    second = await house.visitor(visitor.name)
    await admin.client.patch(f"/v1/users/{visitor.id}", json={"active": False})
    await admin.client.patch(f"/v1/users/{visitor.id}", json={"active": True})
    assert [(await one.client.get("/v1/me")).status_code for one in (visitor, second)] == [401, 401]
    kind, payload = (await house.events_of(visitor.id))[1]
    assert kind.endswith("changed.v1")
    assert set(payload["session_ids"]) == {visitor.session_id, second.session_id}


async def test_a_new_password_ends_the_other_sessions(house: House):
    visitor = await house.newcomer()
    other = await house.visitor(visitor.name)
    change = {"current_password": PASSWORD, "new_password": "another good password"}
    wrong = await visitor.client.put("/v1/me/password", json=change | {"current_password": "not this one"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_password")
    once = {"idempotency-key": "changed-once"}
    for _ in range(2):  # the first answer may have been lost on its way
        assert (await visitor.client.put("/v1/me/password", json=change, headers=once)).status_code == 200
    assert (await visitor.client.get("/v1/me")).status_code == 200
    assert (await other.client.get("/v1/me")).status_code == 401
    old = await house.client().post("/v1/sessions", json={"username": visitor.name, "password": PASSWORD})
    assert old.status_code == 401


async def test_sessions_are_listed_and_ended_by_their_owner_only(house: House):
    visitor, stranger = await house.newcomer(), await house.newcomer()
    other = await house.visitor(visitor.name)
    items = (await visitor.client.get("/v1/sessions")).json()["items"]
    assert [(item["id"], item["current"]) for item in items] == [
        (visitor.session_id, True),
        (other.session_id, False),
    ]
    assert (await stranger.client.delete(f"/v1/sessions/{other.session_id}")).status_code == 404
    assert (await other.client.get("/v1/me")).status_code == 200
    assert (await visitor.client.delete(f"/v1/sessions/{other.session_id}")).status_code == 204
    assert (await other.client.get("/v1/me")).status_code == 401


@pytest.mark.parametrize("past", ["last_seen_at = now() - interval '16 min'", "expires_at = now()"])
async def test_idle_and_old_sessions_are_over(house: House, past: str):
    visitor = await house.newcomer()
    await house.database.execute(f"UPDATE session SET {past} WHERE id = $1", visitor.session_id)
    assert (await visitor.client.get("/v1/me")).status_code == 401


async def test_roles_say_how_long_a_session_may_be_idle_and_the_shortest_counts(
    opening: OpenHouse, shared_database: str, services: Services
):
    async with opening(
        shared_database, services, SESSION_IDLE_MINUTES_OF_ROLES="bed_manager=60,auditor=5"
    ) as house:
        admin, visitor = await house.admin(), await house.newcomer()
        for roles, minutes in (
            (["bed_manager"], 60),
            (["bed_manager", "nurse"], 15),
            (["auditor", "nurse"], 5),
        ):
            grants = [{"role": role, "departments": None} for role in roles]
            await admin.client.put(f"/v1/users/{visitor.id}/grants", json={"grants": grants})
            body = {"username": visitor.name, "password": PASSWORD}
            opened = (await house.client().post("/v1/sessions", json=body)).json()
            assert opened["idle_seconds"] == minutes * 60
            for idle, status in ((minutes * 60 - 20, 200), (minutes * 60 + 1, 401)):
                await house.database.execute(
                    "UPDATE session SET last_seen_at = now() - make_interval(secs => $2) WHERE id = $1",
                    opened["session_id"],
                    float(idle),
                )
                again = house.client(headers={"authorization": f"Bearer {opened['token']}"})
                await eventually(partial(_answers, again, status), within=2)


async def _answers(client: AsyncClient, status: int) -> bool:
    return (await client.get("/v1/me")).status_code == status


async def test_a_session_in_use_stays_and_is_seen_now_and_then(house: House):
    visitor = await house.newcomer()
    earlier = datetime.now(UTC) - timedelta(minutes=14)
    await house.database.execute(
        "UPDATE session SET last_seen_at = $2 WHERE id = $1", visitor.session_id, earlier
    )
    await visitor.client.get("/v1/me")

    async def seen() -> bool:
        at: datetime = await house.database.fetchval(
            "SELECT last_seen_at FROM session WHERE id = $1", visitor.session_id
        )
        return datetime.now(UTC) - at < timedelta(seconds=10)

    await eventually(seen, within=2)


async def test_a_remembered_session_does_not_outlive_its_end(house: House):
    visitor = await house.newcomer()
    await house.database.execute(
        "UPDATE session SET expires_at = clock_timestamp() + interval '0.4 s' WHERE id = $1",
        visitor.session_id,
    )
    assert (await visitor.client.get("/v1/me")).status_code == 200
    await asyncio.sleep(0.45)
    assert (await visitor.client.get("/v1/me")).status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Basic YTpi", f"Bearer {'a' * 43}", "Bearer \xe9"]
)
async def test_other_tokens_are_refused(house: House, header: str):
    answer = await house.client().get("/v1/me", headers=[(b"authorization", header.encode("latin-1"))])
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_passwords_are_hashed_anew_when_the_measure_rises(house: House):
    visitor = await house.newcomer()
    weak = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)).hash(PASSWORD)
    await house.database.execute("UPDATE app_user SET password_hash = $2 WHERE id = $1", visitor.id, weak)
    await house.visitor(visitor.name)
    stored = await house.database.fetchval("SELECT password_hash FROM app_user WHERE id = $1", visitor.id)
    assert stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
