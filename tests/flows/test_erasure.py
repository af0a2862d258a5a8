"""Somebody is erased: within a minute nobody reads the identity anywhere, and the log is what it was."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import asyncpg
import pytest_asyncio

from tests.flows.role_matrix import ROLES
from tests.support.hospital import Hospital
from tests.support.leaks import everything_written, found
from tests.support.person import Json, Person
from tests.support.waiting import eventually

MINUTE = 60.0
SECRETS = {
    "surname": "Thistlewhite-Ångström",
    "given name": "Ambrosine",
    "record number": "MRN-ERASE-8K2V",
    "contact": "+49 40 5550 9911",
    "date of birth": "1927-11-30",
}
PERSON = {
    "mrn": SECRETS["record number"],
    "name": f"{SECRETS['surname']}, {SECRETS['given name']}",
    "date_of_birth": SECRETS["date of birth"],
    "contact": SECRETS["contact"],
}

NOTED = f"{PERSON['name']} asked for her daughter."


class Case:
    """One person who was here, and everybody who could read of it."""

    def __init__(
        self,
        hospital: Hospital,
        patient: str,
        admission: Json,
        staff: dict[str, Person],
        notes: list[str],
    ) -> None:
        self.hospital, self.patient, self.staff = hospital, patient, staff
        self.admission = admission["id"]
        self.board = f"/v1/beds?department_id={admission['department_id']}&include=patient_name"
        self.notes = notes

    async def read_by_all(self) -> dict[str, bytes]:
        """What each role gets from every route that speaks of a patient, by role and route."""
        told: dict[str, bytes] = {}
        for role, person in self.staff.items():
            for method, path, body in self._routes():
                answer = await person.ask(method, path, body)
                sent = b"" if body is None else PERSON["mrn"].encode()
                told[f"{role} {method} {path}"] = (
                    answer.content.replace(sent, b"") if sent else answer.content
                )
        return told

    def _routes(self) -> list[tuple[str, str, Json | None]]:
        by_name: Any = {name: PERSON[name] for name in ("name", "date_of_birth")}
        return [
            ("GET", f"/v1/patients/{self.patient}", None),
            ("POST", "/v1/patients/search", {"mrn": PERSON["mrn"]}),
            ("POST", "/v1/patients/search", by_name),
            ("POST", "/v1/patients/names", {"ids": [self.patient]}),
            ("GET", self.board, None),
            ("GET", f"/v1/admissions?patient_id={self.patient}", None),
            ("GET", f"/v1/admissions/{self.admission}", None),
            ("GET", f"/v1/admissions/{self.admission}/history", None),
            ("GET", f"/v1/placements/{self.admission}", None),
            ("GET", f"/v1/placements/{self.admission}/movements", None),
            ("GET", f"/v1/audit/entries?patient_id={self.patient}&limit=200", None),
            *(("GET", f"/v1/audit/notes/{note}", None) for note in self.notes),
        ]

    async def leaves(self) -> list[tuple[int, bytes, bytes]]:
        database = await asyncpg.connect(self.hospital.stack.infrastructure.postgres.url("audit"))
        try:
            rows = await database.fetch("SELECT position, leaf, leaf_hash FROM entry ORDER BY position")
            return [tuple(row) for row in rows]
        finally:
            await database.close()

    async def readable_by(self) -> set[str]:
        """The roles that still read any of it, and where."""
        return {place for place, _ in found(SECRETS, (await self.read_by_all()).items())}


@pytest_asyncio.fixture(scope="module")
async def case(hospital: Hospital) -> Case:
    """The person was admitted, lay in a bed, and has left."""
    ward = await hospital.a_department(beds=1)
    patient = (await hospital.bed_manager.do("/v1/patients", PERSON))["id"]
    admission = await hospital.bed_manager.do(
        "/v1/admissions", {"patient_id": patient, "department_id": str(ward.id)}, wait=10
    )
    placement = f"/v1/placements/{admission['id']}"
    await hospital.bed_manager.do(f"{placement}/arrival")
    staff = {role: await hospital.staff(role) for role in ROLES}
    about = {"patient": patient, "admission": admission["id"], "placement": admission["id"]}
    notes = [
        (await staff["nurse"].do("/v1/audit/notes", {"entity_type": kind, "entity_id": of, "text": NOTED}))[
            "id"
        ]
        for kind, of in about.items()
    ]
    case = Case(hospital, patient, admission, staff, notes)
    named = {f"nurse GET /v1/patients/{patient}", f"bed_manager GET {case.board}"}
    named |= {f"auditor GET /v1/audit/notes/{note}" for note in notes}

    async def is_named() -> bool:  # a board goes without names while they cannot be had at once
        return named <= await case.readable_by()

    await eventually(is_named, within=MINUTE)
    refused = await hospital.admin.ask(
        "POST", f"/v1/patients/{patient}/erasure", {"reason_code": "test", "patient_id": patient}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "patient_still_admitted")
    await hospital.bed_manager.do(f"{placement}/departure", {"reason_code": "discharged"})

    async def has_left() -> bool:
        shown = await hospital.bed_manager.read(f"/v1/admissions/{admission['id']}")
        return bool(shown["state"] == "discharged")

    await eventually(has_left, within=MINUTE)
    return case


async def test_within_a_minute_nobody_reads_the_identity_anywhere(case: Case):
    before = await case.leaves()
    erasure = {"reason_code": "asked_by_the_person", "patient_id": case.patient}
    await case.hospital.admin.do(f"/v1/patients/{case.patient}/erasure", erasure)

    async def unreadable() -> bool:
        return not await case.readable_by()

    await eventually(unreadable, within=MINUTE)
    refused = await case.staff["nurse"].ask(
        "POST", "/v1/audit/notes", {"entity_type": "patient", "entity_id": case.patient, "text": NOTED}
    )
    assert (refused.status_code, refused.json()["code"]) == (410, "erased")
    assert found(SECRETS, await everything_written(case.hospital.stack)) == set()
    await _the_log_is_what_it_was(case, before)


async def _the_log_is_what_it_was(case: Case, before: list[tuple[int, bytes, bytes]]) -> None:
    auditor = case.staff["auditor"]
    entity = f"patient/{case.patient}"
    (erased,) = await eventually(
        lambda: auditor.list("/v1/audit/entries", entity=entity, action="erased"), within=MINUTE
    )
    assert erased["outcome"] == "success"

    after = await case.leaves()
    assert after[: len(before)] == before
    assert [position for position, _, _ in after] == list(range(len(after)))
    assert all(sha256(b"\0" + leaf).digest() == kept for _, leaf, kept in after)
