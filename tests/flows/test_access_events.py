"""Every route that shows a person, and what the audit log then says of who looked. A new route needs its row."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from httpx2 import Response

from common.ids import new_id
from tests.support.hospital import PASSWORD, Department, Hospital
from tests.support.person import Json, Person
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Look:
    """A request by a new session of `who`, and the event that it is. `{…}` stands for something of the story."""

    method: str
    path: str
    who: str
    event: str
    """Service and past-tense word."""
    subject: str
    """The id of whom it is about; `{answer}` is the id of what was made."""
    body: Mapping[str, Any] | None = field(default=None, kw_only=True)

    @property
    def route(self) -> tuple[str, str]:
        return self.method, self.path.partition("?")[0]

    @property
    def service(self) -> str:
        return self.event.split()[0]


_NEW = {"unidentified": True}
SHOWN = [
    Look("POST", "/v1/patients", "nurse", "admissions person_read", "{answer}", body=_NEW),
    Look("GET", "/v1/patients/{patient_id}", "nurse", "admissions person_read", "{patient_id}"),
    Look(
        *("PATCH", "/v1/patients/{patient_id}", "nurse", "admissions person_read", "{patient_id}"),
        body={"privacy": False},
    ),
    Look(
        *("POST", "/v1/patients/search", "nurse", "admissions search", "{patient_id}"), body={"mrn": "{mrn}"}
    ),
    Look(
        *("POST", "/v1/patients/names", "nurse", "admissions names_read", "{patient_id}"),
        body={"ids": ["{patient_id}"]},
    ),
    Look(
        *("GET", "/v1/beds?department_id={department_id}&include=patient_name"),
        *("nurse", "admissions names_read", "{patient_id}"),
    ),
    Look("GET", "/v1/beds/{bed_id}?include=patient_name", "nurse", "admissions names_read", "{patient_id}"),
    Look(
        *("GET", "/v1/placements?department_id={department_id}&include=patient_name"),
        *("nurse", "admissions names_read", "{patient_id}"),
    ),
    Look(
        *("GET", "/v1/departments/{department_id}/board?include=patient_name"),
        *("nurse", "admissions names_read", "{patient_id}"),
    ),
    Look("GET", "/v1/patients/{patient_id}/history", "nurse", "admissions person_read", "{patient_id}"),
    Look("GET", "/v1/users?limit=200&order=-created_at", "admin", "gateway search", "{user_id}"),
    Look("GET", "/v1/users/{user_id}", "admin", "gateway person_read", "{user_id}"),
    Look(
        *("PUT", "/v1/users/{user_id}/grants", "admin", "gateway person_read", "{user_id}"),
        body={"grants": []},
    ),
    Look(
        *("PATCH", "/v1/users/{user_id}", "admin", "gateway person_read", "{user_id}"), body={"active": True}
    ),
    Look("GET", "/v1/sessions?user_id={user_id}", "admin", "gateway person_read", "{user_id}"),
    Look("GET", "/v1/audit/entries?patient_id={patient_id}", "auditor", "audit search", "{patient_id}"),
    Look("GET", "/v1/audit/entries/{index}", "auditor", "audit entry_read", "{patient_id}"),
    Look("GET", "/v1/audit/notes/{note_id}", "auditor", "gateway note_read", "{note_id}"),
    Look("GET", "/v1/patients/{patient_id}/history", "nurse", "admissions person_read", "{patient_id}"),
]
#: These show the caller to the caller. Coming and going is told all the same, and tested below.
ONES_OWN = {
    ("POST", "/v1/users"),
    ("POST", "/v1/sessions"),
    ("GET", "/v1/me"),
    ("PUT", "/v1/me/password"),
    ("GET", "/v1/sessions"),
}
#: By its ending, or by name: a field that says nothing about who a person is. Any other needs a row above.
_PLAIN_ENDINGS = (
    *("_id", "_at", "_by", "_code", "_from", "_until", "_version"),
    *("_beds", "_hours", "hours", "minutes", "_rate"),
)
_PLAIN = {
    *("id", "items", "next", "version", "state", "status", "held", "hl7_status", "live", "type", "kind"),
    *("code", "priority", "privacy", "department_id", "departments", "placement", "refusal", "want", "what"),
    *("disposition", "cleaning", "turnaround", "targets", "target", "response", "missed", "passed", "asked"),
    *("left_unconfirmed", "stay_number", "since", "active", "entity_type", "ready", "turn", "flags"),
    *("sex_policy", "negative_pressure", "age_band", "level_of_care", "specialty", "equipment", "needs"),
    *(
        "department",
        "rooms",
        "beds",
        "placements",
        "cleaning_jobs",
        "transfers",
        "period_start",
        "period_end",
    ),
    *("waiting", "waiting_for_a_person", "emergency", "urgent", "elective", "stays", "turnarounds"),
    *("reservations", "starts_at", "ends_at", "needs_before"),
    *("milestones", "waits_for", "confirmed_left_missed", "reverses", "merged_into", "overridden", "meaning"),
    *("entered_in_error",),
    *("fit", "may_override", "penalty", "verdicts", "rule", "severity", "outcome", "sentence"),
    *("why", "ruled_out"),
}
_PLAIN_NAMES = {"DepartmentView", "BoardDepartment"}


def shows_a_person(document: Json, operation: Json) -> bool:
    """Whether an answer of this route has a field that may say who somebody is, as far as its description tells."""
    answers = [part for status, part in operation["responses"].items() if status.startswith("2")]
    if any(part.get("schema") == {} for answer in answers for part in answer.get("content", {}).values()):
        return True  # it does not say what it shows
    schemas = document["components"]["schemas"]
    for name in _closure(schemas, answers):
        for shown in schemas[name].get("properties", {}):
            plain = shown in _PLAIN or shown.endswith(_PLAIN_ENDINGS)
            if not plain and not (shown == "name" and name in _PLAIN_NAMES):
                return True
    return False


def _closure(schemas: Json, part: Any) -> set[str]:
    found: set[str] = set()
    ahead = list(_references(part))
    while ahead:
        if (name := ahead.pop()) not in found:
            found.add(name)
            ahead += _references(schemas[name])
    return found


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _references(inner)


async def test_every_route_that_shows_a_person_has_a_row(hospital: Hospital):
    document = await hospital.stranger().read("/v1/openapi.json")
    shown = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path != "/v1/openapi.json" and shows_a_person(document, operation)
    }
    rows = {look.route for look in SHOWN}
    assert shown - rows - ONES_OWN == set(), "routes that may show a person, without a row"
    there = {(m.upper(), path) for path, operations in document["paths"].items() for m in operations}
    assert rows | ONES_OWN <= there, "rows without a route"


def test_what_is_not_known_to_be_plain_counts_as_a_person():
    inner: Json = {"properties": {}}
    schemas = {"A": {"properties": {"items": {"$ref": "#/components/schemas/B"}}}, "B": inner}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}
    document = {"components": {"schemas": schemas}}
    operation = {"responses": {"200": {"content": content}}}
    named: Json
    for named, shows in ({"bed_id": {}}, False), ({"nickname": {}}, True), ({"name": {}}, True):
        inner["properties"] = named
        assert shows_a_person(document, operation) == shows, named


@dataclass
class Story:
    """A patient in a bed, and a colleague whom an admin looks after."""

    ward: Department
    things: dict[str, str]
    names: dict[str, str]
    """The user name of each role."""


@pytest_asyncio.fixture(scope="module")
async def story(hospital: Hospital) -> Story:
    ward, mrn = await hospital.a_department(beds=1), f"M-{new_id()}"
    patient = await hospital.a_patient(mrn=mrn)
    admission = await hospital.an_admission(ward, patient)
    await hospital.bed_manager.do(f"/v1/placements/{admission['id']}/arrival")
    colleague, auditor = await hospital.newcomer(), await hospital.staff("auditor")
    about = {"entity_type": "patient", "entity_id": str(patient), "text": "A word about somebody."}
    note = await colleague.do("/v1/audit/notes", about)
    entry = await _entered(auditor, entity=f"patient/{patient}", action="registered")
    things = {
        "department_id": str(ward.id),
        "bed_id": str(ward.beds[0]),
        "patient_id": str(patient),
        "mrn": mrn,
        "user_id": str(colleague.user_id),
        "note_id": note["id"],
        "index": str(entry["index"]),
    }
    nurse = await hospital.staff("nurse", [ward])
    people = {"nurse": nurse, "auditor": auditor, "admin": hospital.admin, "staff": await hospital.newcomer()}
    names = {role: (await person.read("/v1/me"))["user"]["username"] for role, person in people.items()}
    return Story(ward, things, names)


async def _entered(auditor: Person, **filters: str) -> Json:
    """The newest entry under these filters, once there is one."""

    async def newest() -> list[Json]:
        items: list[Json] = (await auditor.read("/v1/audit/entries", **filters, limit=1))["items"]
        return items

    entry: Json = (await eventually(newest))[0]
    return entry


def _filled(part: Any, things: Mapping[str, str]) -> Any:
    match part:
        case str():
            return part.format(**things)
        case list():
            return [_filled(item, things) for item in part]
        case Mapping():
            return {name: _filled(item, things) for name, item in part.items()}
        case _:
            return part


async def _ask(person: Person, look: Look, things: Mapping[str, str], **headers: str) -> Response:
    path, _, query = _filled(look.path, things).partition("?")
    asked = dict(part.split("=") for part in query.split("&")) if query else None
    return await person.ask(look.method, path, _filled(look.body, things), query=asked, headers=headers)


async def _looks_of(auditor: Person, look: Look, session: str, subject: str) -> list[Json]:
    """The entries that tell of this look by this session."""
    entries = await auditor.list("/v1/audit/entries", action=look.event.split()[1])
    return [
        entry
        for entry in entries
        if entry["metadata"]["session_id"] == session and subject in entry["metadata"]["subjects"]
    ]


@pytest.mark.parametrize("look", SHOWN, ids=lambda look: f"{look.method} {look.path}")
async def test_a_look_at_a_person_is_one_entry_of_the_log(hospital: Hospital, story: Story, look: Look):
    """By the owner of the data, also where the copy in hand still holds; not once per request, but once a minute."""
    person, auditor = await hospital.sign_in(story.names[look.who]), await hospital.staff("auditor")
    session = (await person.read("/v1/me"))["session_id"]
    answer = await _ask(person, look, story.things)
    assert answer.is_success, answer.text
    if "{answer}" not in look.subject:
        again = [await _ask(person, look, story.things, **{"if-none-match": "*"}) for _ in range(4)]
        assert {one.status_code for one in again} == {304 if look.method == "GET" else 200}
    made = answer.json().get("id", "") if look.method == "POST" else ""
    subject = _filled(look.subject, story.things | {"answer": made})
    entry, *more = await eventually(lambda: _looks_of(auditor, look, session, subject))
    assert len(more) <= 1  # where the minute turned meanwhile
    assert entry["source"]["topic"] == f"hospital.{look.service}.access.events.v1"
    assert (entry["actor"], entry["outcome"]) == (f"user/{person.user_id}", "success")
    assert story.things["mrn"] not in str(entry)


async def test_a_refused_look_is_an_entry_of_the_log_too(hospital: Hospital, story: Story):
    """By the service that refused: a board without names is told by admissions, which withholds them."""
    nobody, auditor = await hospital.sign_in(story.names["staff"]), await hospital.staff("auditor")
    housekeeper = await hospital.staff("housekeeping")
    answers = await asyncio.gather(*(_ask(nobody, look, story.things) for look in SHOWN))
    assert {answer.status_code for answer in answers} == {403}
    expected = Counter("beds" if "include=" in look.path else look.service for look in SHOWN)

    async def told() -> bool:
        entries = await auditor.list("/v1/audit/entries", actor=f"user/{nobody.user_id}", action="refused")
        assert {entry["outcome"] for entry in entries} <= {"refused"}
        return Counter(entry["source"]["topic"].split(".")[1] for entry in entries) == expected

    await eventually(told)
    board = await _ask(housekeeper, SHOWN[5], story.things)
    assert (board.status_code, board.json()["names"]) == (200, "withheld")
    entry = await _entered(auditor, actor=f"user/{housekeeper.user_id}", action="refused")
    assert entry["metadata"]["act"] == "read_names"


async def test_coming_and_going_are_entries_of_the_log(hospital: Hospital):
    person, auditor = await hospital.newcomer(), await hospital.staff("auditor")
    name = (await person.read("/v1/me"))["user"]["username"]
    change = {"current_password": PASSWORD, "new_password": "quite another password"}
    await person.do("/v1/me/password", change, method="PUT")
    wrong = await hospital.stranger().ask("POST", "/v1/sessions", {"username": name, "password": PASSWORD})
    assert wrong.status_code == 401
    lost = await hospital.sign_in(name, change["new_password"])
    await person.do(f"/v1/sessions/{(await lost.read('/v1/me'))['session_id']}", method="DELETE")
    assert person.user_id is not None
    await hospital.grant(person.user_id, "staff")
    await person.do("/v1/sessions/current", method="DELETE")
    await hospital.admin.do(f"/v1/users/{person.user_id}", {"active": False}, method="PATCH")
    expected = ["signed_up", "signed_in", "password_changed", "sign_in_refused", "signed_in"]
    expected += ["sessions_ended", "granted", "signed_out", "changed"]

    async def told() -> bool:
        entries = await auditor.list("/v1/audit/entries", entity=f"user/{person.user_id}")
        accesses = [
            entry
            for action in ("signed_in", "sign_in_refused", "signed_out")
            for entry in await auditor.list("/v1/audit/entries", action=action)
            if str(person.user_id) in entry["metadata"]["subjects"]
        ]
        both = sorted(entries + accesses, key=lambda entry: entry["occurred_at"])
        assert name not in str(both)
        return [entry["action"] for entry in both] == expected

    await eventually(told)
