"""Each route as each role, in the own and in another department, against the contract's table."""

import asyncio
from collections import Counter
from collections.abc import Mapping

import pytest
import pytest_asyncio

from tests.flows.role_matrix import ANONYMOUS, MATRIX, NO_ROLE, ROLES, Reach, Row
from tests.support.hospital import PASSWORD, Hospital
from tests.support.person import Person
from tests.support.things import filled, things_of
from tests.support.waiting import eventually

Things = Mapping[str, str]


class Cast:
    """A person of each role, whose department is `own`; the things of both departments; who was refused how often."""

    def __init__(self, people: dict[str, Person], own: Things, other: Things) -> None:
        self.people, self.own, self.other = people, own, other
        self.refused: Counter[str] = Counter()


@pytest_asyncio.fixture(scope="module")
async def cast(hospital: Hospital) -> Cast:
    own, other = await asyncio.gather(hospital.a_department(beds=1), hospital.a_department(beds=1))
    staff = await asyncio.gather(*(hospital.staff(role, [own]) for role in ROLES))
    people = dict(zip(ROLES, staff, strict=True))
    people |= {NO_ROLE: await hospital.newcomer(), ANONYMOUS: hospital.stranger()}
    bystander = await hospital.newcomer()
    (session,) = await bystander.list("/v1/sessions")
    await hospital.stranger().do("/v1/users", {"username": "taken", "password": PASSWORD})
    identity = {"user_id": str(bystander.user_id), "session_id": session["id"]}
    await eventually(lambda: _is_there(hospital.admin, "/v1/audit/entries/0"))
    about = {"entity_type": "user", "entity_id": identity["user_id"], "text": "A word."}
    identity["note_id"] = (await bystander.do("/v1/audit/notes", about))["id"]
    things = await asyncio.gather(things_of(hospital, own), things_of(hospital, other))
    return Cast(people, *(identity | its for its in things))


async def _is_there(who: Person, path: str) -> bool:
    return (await who.ask("GET", path)).is_success


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row.method} {row.path}")
async def test_a_route_is_open_to_those_whom_the_contract_names(hospital: Hospital, cast: Cast, row: Row):
    found = await asyncio.gather(*(_try(hospital, cast, row, role) for role in cast.people))
    assert [wrong for wrongs in found for wrong in wrongs] == []


async def _try(hospital: Hospital, cast: Cast, row: Row, role: str) -> list[str]:
    """Sentences about what this role got and should not have got."""
    person = cast.people[role]
    if row.ends_session and role != ANONYMOUS:
        name = (await person.read("/v1/me"))["user"]["username"]
        person = await hospital.sign_in(name)
    reach, wrong = row.reach(role), []
    for where, things in {"own": cast.own, "other": cast.other}.items():
        if where == "other" and not row.has_department:
            break
        path = row.path.format(**things)
        answer = await person.ask(row.method, path, filled(row.body, things))
        cast.refused[role] += answer.status_code == 403
        expected = reach is Reach.ANYWHERE or (reach is Reach.OWN and where == "own")
        if not _as_expected(row, role, answer.status_code, expected):
            word = "allowed" if expected else "refused"
            wrong.append(
                f"{role}, {where} department: should be {word}, got {answer.status_code} {answer.text}"
            )
    return wrong


def _as_expected(row: Row, role: str, status: int, allowed: bool) -> bool:
    if allowed:  # that the state does not fit is another matter, but it must be there and make sense
        return status < 500 and status not in (400, 401, 403, 404, 405, 413, 415, 429)
    return status == (401 if role == ANONYMOUS else row.refusal)


async def test_the_matrix_has_the_routes_that_are_there_and_no_others(hospital: Hospital):
    document = await hospital.stranger().read("/v1/openapi.json")
    there = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert there - {row.route for row in MATRIX} == set(), "routes without a row"
    assert {row.route for row in MATRIX} - there == set(), "rows without a route"


async def test_a_list_of_admissions_shows_the_own_departments_only(cast: Cast):
    departments = {
        role: {found["department_id"] for found in await cast.people[role].list("/v1/admissions")}
        for role in ("nurse", "charge_nurse", "physician", "unit_manager", "bed_manager")
    }
    everywhere = departments.pop("bed_manager")
    assert everywhere >= {cast.own["department_id"], cast.other["department_id"]}
    assert all(seen == {cast.own["department_id"]} for seen in departments.values())


async def test_a_list_of_cleaning_jobs_shows_the_own_departments_only(cast: Cast):
    for role in ("nurse", "charge_nurse"):
        jobs = await cast.people[role].list("/v1/cleaning_jobs")
        assert {job["department_id"] for job in jobs} == {cast.own["department_id"]}
    everywhere = {job["department_id"] for job in await cast.people["housekeeping"].list("/v1/cleaning_jobs")}
    assert everywhere >= {cast.own["department_id"], cast.other["department_id"]}


async def test_names_of_another_department_stay_there(cast: Cast):
    ids = [things["patient_id"] for things in (cast.own, cast.other)]
    for role in ("nurse", "charge_nurse", "physician", "unit_manager"):
        names = (await cast.people[role].do("/v1/patients/names", {"ids": ids}))["names"]
        assert [names[one] for one in ids] == ["Doe, Jane", None]
    names = (await cast.people["bed_manager"].do("/v1/patients/names", {"ids": ids}))["names"]
    assert [names[one] for one in ids] == ["Doe, Jane", "Doe, Jane"]


async def test_every_refusal_is_an_access_event(hospital: Hospital, cast: Cast):
    auditor = await hospital.staff("auditor")
    for role, person in cast.people.items():
        if role != ANONYMOUS:
            actor = f"user/{person.user_id}"

            async def entered(actor: str = actor, role: str = role) -> bool:
                entries = await auditor.list("/v1/audit/entries", actor=actor, outcome="refused")
                assert all(entry["action"] == "refused" for entry in entries)
                return len(entries) == cast.refused[role]

            await eventually(entered)
