"""Bodies that make no sense, field by field and as a whole, through the gateway: refused, not repeated, not stored."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from tests.bad_requests.answers import MARK, SENSELESS, faults
from tests.flows.role_matrix import MATRIX, Row
from tests.support.hospital import Hospital
from tests.support.person import Person
from tests.support.stored import rows_of
from tests.support.things import filled

WITH_BODY = [row for row in MATRIX if row.body is not None]
OF_EACH_SERVICE = [
    row
    for row in WITH_BODY
    if row.path in ("/v1/departments", "/v1/patients", "/v1/patients/search", "/v1/users")
]
KEPT_BY = ("beds", "admissions", "gateway")
JSON = {"content-type": "application/json"}
_PLACE = "@place@"

#: No field of ours takes any of these, written as JSON.
BAD_VALUES = {
    "an object": f'{{"{MARK}": "{MARK}"}}',
    "an object without anything": "{}",
    "a list of lists": f'[["{MARK}"]]',
    "nested deeply": "[" * 400 + "]" * 400,
    "a number of 400 digits": "9" * 400,
    "a number beyond 64 bits": str(2**63),
    "a whole number": "86400",
    "a fraction": "0.5",
    "a number too large to be one": "1e999",
    "NaN": "NaN",
    "infinity": "Infinity",
    "less than all": "-Infinity",
    "NUL": f'"{MARK}\\u0000"',
    "half a character": f'"{MARK}\\ud800"',
    "300 characters": f'"{MARK}{"x" * 300}"',
    "nothing but space": '" \\t "',
}

GOOD_AFTER_ALL = {
    ("password", "nothing but space"),
    ("text", "300 characters"),
    ("needs", "an object without anything"),
}

#: What is no body of any route; reading it is the same for all routes of a service.
UNREADABLE_BODIES: dict[str, str | bytes] = {
    "nothing": "",
    "half an object": f'{{"name": "{MARK}"',
    "not JSON": MARK,
    "two of them": "{}{}",
    "nested very deeply": "[" * 100_000,
    "nested very deeply, with an end": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
}
#: What is JSON and yet not what a route takes.
OTHER_BODIES = {
    "a list": f'["{MARK}"]',
    "null": "null",
    "a text": f'"{MARK}"',
    "a number": "7",
    "an unknown field": f'{{"{MARK}": 1}}',
}


@pytest_asyncio.fixture(scope="module", autouse=True)
async def nothing_is_stored(
    hospital: Hospital, anybody: Person, things: Mapping[str, str]
) -> AsyncIterator[None]:
    before = await rows_of(hospital, KEPT_BY)
    yield
    assert await rows_of(hospital, KEPT_BY) == before


@pytest_asyncio.fixture(scope="module")
async def fields_of(hospital: Hospital) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """The fields that each route takes, as its description has them."""
    document = await hospital.stranger().read("/v1/openapi.json")
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                schema = document["components"]["schemas"][reference.rpartition("/")[2]]
                found[method.upper(), path] = schema["properties"]
    return found


@pytest.mark.parametrize("row", WITH_BODY, ids=lambda row: f"{row.method} {row.path}")
async def test_a_value_that_no_field_takes_is_refused(
    anybody: Person, things: Mapping[str, str], fields_of: Mapping[tuple[str, str], Any], row: Row
):
    tried = {
        f"{field}: {name}": body
        for field in fields_of[row.route]
        for name, body in _with_each_value(filled(row.body, things), field)
        if (field, name) not in GOOD_AFTER_ALL
    }
    assert await _wrong(anybody, row, things, tried, SENSELESS) == []


@pytest.mark.parametrize("row", WITH_BODY, ids=lambda row: f"{row.method} {row.path}")
async def test_a_body_of_another_shape_is_refused(anybody: Person, things: Mapping[str, str], row: Row):
    good = json.dumps(filled(row.body, things))
    twice = {"a name twice": f"{good[:-1]}, {good[1:]}"} if row.body else {}
    assert await _wrong(anybody, row, things, {**OTHER_BODIES, **twice}, SENSELESS) == []


@pytest.mark.parametrize("row", OF_EACH_SERVICE, ids=lambda row: f"{row.method} {row.path}")
async def test_a_body_that_cannot_be_read_is_refused(anybody: Person, things: Mapping[str, str], row: Row):
    assert await _wrong(anybody, row, things, UNREADABLE_BODIES, SENSELESS) == []


@pytest.mark.parametrize("row", OF_EACH_SERVICE, ids=lambda row: f"{row.method} {row.path}")
async def test_a_body_of_another_type_is_refused(anybody: Person, things: Mapping[str, str], row: Row):
    good = json.dumps(filled(row.body, things))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"):
        headers = {"content-type": kind}
        assert await _wrong(anybody, row, things, {kind: good}, {415}, headers) == []


@pytest.mark.parametrize("row", OF_EACH_SERVICE, ids=lambda row: f"{row.method} {row.path}")
async def test_a_body_of_two_megabytes_is_refused(anybody: Person, things: Mapping[str, str], row: Row):
    huge = json.dumps({"name": MARK + "x" * 2 * 1024 * 1024})
    assert await _wrong(anybody, row, things, {"announced": huge}, {413}) == []

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield b" " * 64 * 1024
        yield huge.encode()

    answer = await anybody.http.request(row.method, row.path.format(**things), content=parts(), headers=JSON)
    assert list(faults(answer, {413})) == []


def _with_each_value(body: Mapping[str, Any], field: str) -> Iterator[tuple[str, str]]:
    template = json.dumps({**body, field: _PLACE})
    for name, value in BAD_VALUES.items():
        yield name, template.replace(json.dumps(_PLACE), value)


async def _wrong(
    person: Person,
    row: Row,
    things: Mapping[str, str],
    tried: Mapping[str, str | bytes],
    statuses: Collection[int],
    headers: Mapping[str, str] = JSON,
) -> list[str]:
    async def one(name: str, body: str | bytes) -> list[str]:
        content = body.encode() if isinstance(body, str) else body
        answer = await person.http.request(
            row.method, row.path.format(**things), content=content, headers=dict(headers)
        )
        return [f"{name}: {fault}" for fault in faults(answer, statuses)]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(name, body)) for name, body in tried.items()]
    return [fault for task in tasks for fault in task.result()]
