"""Sessions end when they are ended, and whatever is refused says so in one form."""

import pytest
from httpx2 import Response
from openapi_spec_validator import validate

from tests.support.hospital import PASSWORD, Hospital
from tests.support.person import Person
from tests.support.waiting import eventually

AT_ONCE = 1.0
"""Seconds after which a right that was taken is gone everywhere."""
EVERYWHERE = ("/v1/me", "/v1/beds", "/v1/admissions")


async def _again(hospital: Hospital, person: Person) -> Person:
    return await hospital.sign_in((await person.read("/v1/me"))["user"]["username"])


async def _answers(person: Person, status: int, *paths: str) -> None:
    """Within the second all of these answer with this status."""

    async def all_do() -> bool:
        answers = [await person.ask("GET", path) for path in paths]
        return all(answer.status_code == status for answer in answers)

    await eventually(all_do, within=AT_ONCE)


async def test_an_ended_session_is_over_everywhere(hospital: Hospital):
    here = await hospital.staff("bed_manager")
    lost = await _again(hospital, here)
    await _answers(lost, 200, *EVERYWHERE)
    (session,) = [one for one in await lost.list("/v1/sessions") if one["current"]]

    ended = await here.ask("DELETE", f"/v1/sessions/{session['id']}")

    assert ended.status_code == 204
    await _answers(lost, 401, *EVERYWHERE)
    await _answers(here, 200, *EVERYWHERE)


async def test_who_signs_out_is_out(hospital: Hospital):
    person = await hospital.staff("bed_manager")
    assert (await person.ask("DELETE", "/v1/sessions/current")).status_code == 204
    await _answers(person, 401, *EVERYWHERE)


async def test_an_admin_ends_the_session_of_another(hospital: Hospital):
    person, colleague = await hospital.staff("bed_manager"), await hospital.staff("charge_nurse")
    (session,) = await person.list("/v1/sessions")
    path = f"/v1/sessions/{session['id']}"
    assert (await colleague.ask("DELETE", path)).status_code == 404
    assert (await hospital.admin.ask("DELETE", path)).status_code == 204
    await _answers(person, 401, *EVERYWHERE)


async def test_a_right_that_is_taken_is_gone_everywhere(hospital: Hospital):
    person = await hospital.staff("bed_manager")
    await _answers(person, 200, "/v1/beds", "/v1/admissions")
    assert person.user_id is not None
    await hospital.grant(person.user_id, "staff")
    await _answers(person, 403, "/v1/beds", "/v1/admissions")


async def test_a_deactivated_user_is_out_and_stays_out(hospital: Hospital):
    person = await hospital.staff("bed_manager")
    name = (await person.read("/v1/me"))["user"]["username"]
    await hospital.admin.do(f"/v1/users/{person.user_id}", {"active": False}, method="PATCH")
    await _answers(person, 401, *EVERYWHERE)
    again = await hospital.stranger().ask("POST", "/v1/sessions", {"username": name, "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (401, "sign_in_refused")


async def test_a_new_password_ends_the_other_sessions(hospital: Hospital):
    here = await hospital.staff("bed_manager")
    elsewhere = await _again(hospital, here)
    change = {"current_password": PASSWORD, "new_password": "quite another password"}
    await here.do("/v1/me/password", change, method="PUT")
    await _answers(elsewhere, 401, *EVERYWHERE)
    await _answers(here, 200, *EVERYWHERE)


async def _wrong_path(who: Person) -> Response:
    return await who.http.get("/v1/nowhere")


async def _unknown_id(who: Person) -> Response:
    return await who.http.get("/v1/beds/01900000-0000-7000-8000-000000000000")


async def _wrong_method(who: Person) -> Response:
    return await who.http.delete("/v1/placements")


async def _wrong_method_of_the_gateway(who: Person) -> Response:
    return await who.http.delete("/v1/me")


async def _text(who: Person) -> Response:
    return await who.http.post("/v1/patients", content="a patient", headers={"content-type": "text/plain"})


async def _text_to_the_gateway(who: Person) -> Response:
    return await who.http.post("/v1/sessions", content="let me in", headers={"content-type": "text/plain"})


async def _far_too_much(who: Person) -> Response:
    return await who.http.post("/v1/patients", json={"name": "x" * 1024 * 1024})


async def _far_too_much_for_the_gateway(who: Person) -> Response:
    return await who.http.post("/v1/users", json={"username": "x" * 1024 * 1024})


async def _nonsense(who: Person) -> Response:
    return await who.http.post("/v1/patients", json={"mrn": 5})


async def _half_a_body(who: Person) -> Response:
    return await who.http.post("/v1/patients", content="{", headers={"content-type": "application/json"})


async def _nobody(who: Person) -> Response:
    return await who.http.get("/v1/beds", headers={"authorization": "Bearer nobody"})


async def _not_theirs(who: Person) -> Response:
    return await who.http.get("/v1/users")


@pytest.mark.parametrize(
    ("asks", "status", "code"),
    [
        (_half_a_body, 400, "malformed"),
        (_nobody, 401, "unauthenticated"),
        (_not_theirs, 403, "forbidden"),
        (_wrong_path, 404, "not_found"),
        (_unknown_id, 404, "not_found"),
        (_wrong_method, 405, "method_not_allowed"),
        (_wrong_method_of_the_gateway, 405, "method_not_allowed"),
        (_far_too_much, 413, "too_large"),
        (_far_too_much_for_the_gateway, 413, "too_large"),
        (_text, 415, "unsupported_media_type"),
        (_text_to_the_gateway, 415, "unsupported_media_type"),
        (_nonsense, 422, "invalid"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else str(value),
)
async def test_a_refusal_is_a_problem_document(hospital: Hospital, asks, status: int, code: str):
    answer = await asks(hospital.bed_manager)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["detail"].endswith((".", "`"))
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    if status == 422:
        assert [error["field"] for error in problem["errors"]] == ["body.mrn"]


async def test_the_description_is_valid_openapi(hospital: Hospital):
    document = await hospital.stranger().read("/v1/openapi.json")
    assert document["openapi"].startswith("3.1")
    validate(document)
