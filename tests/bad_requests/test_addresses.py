"""Paths, queries and headers that make no sense."""

import re
from collections.abc import Mapping
from uuid import uuid4

import pytest

from tests.bad_requests.answers import MARK, SENSELESS, faults
from tests.flows.role_matrix import MATRIX, Row
from tests.support.person import Person
from tests.support.things import filled

WITH_ID = [row for row in MATRIX if re.search(r"/\{\w+\}", row.path)]
LISTS = (
    "departments",
    "rooms",
    "beds",
    "placements",
    "cleaning_jobs",
    "admissions",
    "audit/entries",
    "users",
)
NO_IDS = (MARK, "1", "%00", "%F0%9F%9B%8F", "..%2F..", "null", "0" * 5000, f"{uuid4()}%20", "%ff%fe")
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("row", WITH_ID, ids=lambda row: f"{row.method} {row.path}")
async def test_an_id_that_nobody_has_is_not_found(anybody: Person, things: Mapping[str, str], row: Row):
    """Whatever else is right. A replica that is behind may say for a moment that it does not know yet."""
    unknown = {name: str(uuid4()) for name in things if f"{{{name}}}" in row.path}
    body = filled(row.body, {**things, **unknown}) if row.body is not None else None
    answer = await anybody.ask(row.method, row.path.format(**unknown), body)
    assert list(faults(answer, {404})) == []


@pytest.mark.parametrize("row", WITH_ID, ids=lambda row: f"{row.method} {row.path}")
async def test_an_id_that_is_none_is_refused(anybody: Person, things: Mapping[str, str], row: Row):
    body = filled(row.body, things) if row.body is not None else None
    for no_id in NO_IDS:
        path = row.path.format(**dict.fromkeys(things, no_id))
        answer = await anybody.http.request(row.method, path, json=body)
        assert (no_id, list(faults(answer, SENSELESS | {404}))) == (no_id, [])


QUERIES = {
    "limit=0", "limit=201", "limit=-1", f"limit={'9' * 400}", f"limit={MARK}", "limit=", "limit=1.5",
    f"after={MARK}", "after=%00", f"after={'a' * 600}", "after=W10", "after=bnVsbA", "after=WyJhIiwgImIiXQ",
    f"order={MARK}", "order=--code", "order=%00", "order=id%3B", "order=version",
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
async def test_a_query_that_makes_no_sense_is_refused(anybody: Person, name: str):
    for query in sorted(QUERIES):
        answer = await anybody.http.get(f"/v1/{name}?{query}")
        assert (query, list(faults(answer, SENSELESS))) == (query, [])


FILTERS = {
    "beds": ("department_id", "room_id", "state", "status"),
    "rooms": ("department_id", "active"),
    "placements": ("department_id", "state"),
    "cleaning_jobs": ("department_id", "bed_id", "state", "open"),
    "admissions": ("department_id", "patient_id", "state"),
    "departments": ("state",),
    "audit/entries": ("patient_id", "from", "to"),
    "sessions": ("user_id",),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_that_matches_nothing_that_can_be_is_refused(anybody: Person, name: str):
    for field in FILTERS[name]:
        for value in (
            MARK,
            "%00",
            "86400",
            "",
            "9" * 400,
            "2026-02-30T00:00:00Z",
            "%ff",
            "2026-01-01T00:00:00",
        ):
            answer = await anybody.http.get(f"/v1/{name}?{field}={value}")
            assert (field, value, list(faults(answer, SENSELESS))) == (field, value, [])


@pytest.mark.parametrize("field", ["actor", "action", "entity", "outcome", "correlation_id"])
async def test_texts_in_filters_of_the_log_are_bounded(anybody: Person, field: str):
    for value in ("%00", "a" * 300, ""):
        answer = await anybody.http.get(f"/v1/audit/entries?{field}={value}")
        assert (value, list(faults(answer, SENSELESS))) == (value, [])


HEADERS = {
    "idempotency-key": ("", "a b", "a" * 201, "\xe4", "a\tb"),
    "if-match": ("a" * 201,),
}


@pytest.mark.parametrize("path", ["/v1/departments", "/v1/patients"])
@pytest.mark.parametrize("name", HEADERS)
async def test_a_header_that_makes_no_sense_is_refused(anybody: Person, path: str, name: str):
    body = {"code": "X1", "name": MARK} if path == "/v1/departments" else {"unidentified": True}
    for value in HEADERS[name]:
        answer = await anybody.http.post(path, json=body, headers=[(name.encode(), value.encode("latin-1"))])
        assert (value, list(faults(answer, SENSELESS))) == (value, [])


@pytest.mark.parametrize(
    "wish", ["wait", "wait=", "wait=-1", "wait=x", f"wait={'9' * 400}", "wait=NaN", MARK]
)
async def test_a_wish_to_wait_that_makes_no_sense_is_no_wish(anybody: Person, wish: str):
    """RFC 7240: a preference that is not understood is passed over."""
    answer = await anybody.http.post("/v1/admissions", json={}, headers={"prefer": wish})
    assert list(faults(answer, {422})) == []


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/beds/x/y/z", "/v1", "/v1/", "/", "/nothing", "/v1/%00", "/v1/beds/"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_what_is_not_there_is_a_problem(anybody: Person, path: str, method: str):
    answer = await anybody.http.request(method, path)
    if (method, path) == ("GET", "/"):
        assert answer.status_code == 307
    else:
        assert list(faults(answer, {404, 405, 422})) == []


@pytest.mark.parametrize("method", ["PUT", "TRACE", "PROPFIND", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/v1/beds", "/v1/admissions", "/v1/audit/entries", "/v1/users"])
async def test_a_method_that_a_path_does_not_take_is_a_problem(anybody: Person, path: str, method: str):
    answer = await anybody.http.request(method, path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    if method != "HEAD":
        assert list(faults(answer, {405})) == []


@pytest.mark.parametrize(
    "accepted", ["text/html", "application/xml;q=1, */*;q=0", "image/*", MARK, "", "*/*"]
)
async def test_answers_are_json_whatever_is_preferred(anybody: Person, accepted: str):
    """The contract knows one form, so there is nothing to choose from and nothing to refuse."""
    headers = {"accept": accepted}
    for path in ("/v1/beds", "/v1/admissions", "/v1/audit/entries", "/v1/me"):
        answer = await anybody.http.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    answer = await anybody.http.get(f"/v1/beds/{uuid4()}", headers=headers)
    assert list(faults(answer, {404})) == []
