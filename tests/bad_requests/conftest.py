"""A hospital that is asked for what makes no sense, and somebody whom no missing right protects from it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.flows.role_matrix import ROLES
from tests.support.hospital import Hospital, a_hospital
from tests.support.person import Person
from tests.support.things import things_of


@pytest_asyncio.fixture(scope="package")
async def hospital(scratch: Path) -> AsyncIterator[Hospital]:
    async with a_hospital(scratch / "bad-requests") as hospital:
        yield hospital


@pytest_asyncio.fixture(scope="package")
async def anybody(hospital: Hospital) -> Person:
    """Has every role everywhere: what is refused is refused for what it is."""
    person = await hospital.newcomer()
    grants = {"grants": [{"role": role, "departments": None} for role in ROLES]}
    await hospital.admin.do(f"/v1/users/{person.user_id}/grants", grants, method="PUT")
    return await hospital.sign_in((await person.read("/v1/me"))["user"]["username"])


@pytest_asyncio.fixture(scope="package")
async def things(hospital: Hospital) -> dict[str, str]:
    """What there is, for the places in paths and bodies."""
    bystander, ward = await asyncio.gather(hospital.newcomer(), hospital.a_department())
    (session,) = await bystander.list("/v1/sessions")
    about = {"entity_type": "user", "entity_id": str(bystander.user_id), "text": "A word."}
    note = await bystander.do("/v1/audit/notes", about)
    identity = {"user_id": str(bystander.user_id), "session_id": session["id"], "note_id": note["id"]}
    return identity | await things_of(hospital, ward)
