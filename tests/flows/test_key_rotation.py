"""The keys of admissions are replaced by the operators' commands while people work (ADR 9)."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from httpx2 import Response

from tests.support.hospital import Hospital
from tests.support.leaks import found, logs_in, secrets_of
from tests.support.person import Json, Person
from tests.support.waiting import eventually

WARDLINE = Path(sys.executable).parent / "wardline"
BORN = "1951-05-17"
WORKERS = 2
PAUSE = 0.4
PATIENCE = 120.0
KEYS = ("admissions-keyset.json", "admissions-search-keys")


class Work:
    """Registrations, corrections and searches, one after the other, by people who repeat what was not answered."""

    def __init__(self, hospital: Hospital) -> None:
        self.person = hospital.bed_manager
        self.kept: dict[str, Json] = {}
        self._names = itertools.count(1)
        self._turns = [0] * WORKERS
        self._over = False

    async def __aenter__(self) -> Work:
        self._work = [asyncio.create_task(self._go_on(n)) for n in range(WORKERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over = True
        await asyncio.gather(*self._work)

    async def goes_on(self) -> None:
        """Everybody has ended what was under way, and something that began after that."""
        goals = [turn + 2 for turn in self._turns]

        def done() -> bool:
            assert not any(task.done() for task in self._work), [task.exception() for task in self._work]
            return all(turn >= goal for turn, goal in zip(self._turns, goals, strict=True))

        await eventually(done, within=PATIENCE)

    async def _go_on(self, n: int) -> None:
        while not self._over:
            identity = {
                "mrn": f"M-ROTATE-{uuid4()}",
                "name": f"Turner-{next(self._names)}, Kay",
                "date_of_birth": BORN,
            }
            twins = [answered(self.person, "POST", "/v1/patients", identity) for _ in range(2)]
            first, second = sorted(await asyncio.gather(*twins), key=lambda answer: answer.status_code)
            assert (first.status_code, second.status_code) == (201, 409), (first.text, second.text)
            patient = first.json()["id"]
            identity["name"] += " Q"
            changed = await answered(
                self.person, "PATCH", f"/v1/patients/{patient}", {"name": identity["name"]}
            )
            assert changed.status_code == 200, changed.text
            await is_there_once(self.person, patient, identity)
            self.kept[patient] = identity
            self._turns[n] += 1
            await asyncio.sleep(PAUSE)  # a person's pace: what they register is all looked at in the end


async def answered(person: Person, method: str, path: str, body: Json | None = None) -> Response:
    """The answer of admissions; while it restarts people send the same again, as its `Retry-After` asks."""
    key, deadline = str(uuid4()), time.monotonic() + PATIENCE
    while True:
        answer = await person.ask(method, path, body, key=key)
        if answer.status_code != 503 or time.monotonic() > deadline:
            return answer
        await asyncio.sleep(0.1)  # stands for the seconds of Retry-After


async def is_there_once(person: Person, patient: str, identity: Json) -> None:
    by_name = {name: identity[name] for name in ("name", "date_of_birth")}
    for by in ({"mrn": identity["mrn"]}, by_name):
        search = await answered(person, "POST", "/v1/patients/search", by)
        assert [item["id"] for item in search.json()["items"]] == [patient]
    shown = (await answered(person, "GET", f"/v1/patients/{patient}")).json()
    assert {name: shown[name] for name in identity} == identity


class Operator:
    """At the command line, beside the stack."""

    def __init__(self, hospital: Hospital) -> None:
        self.stack = hospital.stack

    async def types(self, *words: str) -> tuple[int | None, str, str]:
        """`wardline keys …`: its exit code, what it said, and what it complained of."""
        running = await asyncio.create_subprocess_exec(
            *(str(WARDLINE), "keys", *words, "--stack", str(self.stack.folder)),
            env={"COLUMNS": "200"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(running.communicate(), PATIENCE)
        return running.returncode, said.decode(), complained.decode()

    async def rotates(self, *steps: tuple[str, str]) -> None:
        """Takes the steps and restarts admissions."""
        for which, step in steps:
            code, said, complained = await self.types("rotate", which, step, "--json")
            assert (code, complained) == (0, "")
            assert json.loads(said)["step"] == step
        await asyncio.to_thread(self.stack.restart, "admissions")

    async def is_refused(self, which: str, step: str) -> str:
        before = self.keys()
        code, said, complained = await self.types("rotate", which, step)
        assert (code, said) == (1, "")
        assert self.keys() == before
        return complained

    async def sees_next(self, master: str, search: str) -> dict[str, Any]:
        """Looks until the tables say that this is to be done next."""

        async def status() -> dict[str, Any] | None:
            code, said, complained = await self.types("status", "--json")
            assert (code, complained) == (0, "")
            seen: dict[str, Any] = json.loads(said)
            return seen if (seen["master"]["next"], seen["search"]["next"]) == (master, search) else None

        told: dict[str, Any] = await eventually(status, within=PATIENCE)
        return told

    def keys(self) -> list[str]:
        """As admissions gets them when it starts."""
        return [(self.stack.folder / "secrets" / name).read_text() for name in KEYS]


@pytest.mark.timeout(300)
async def test_both_keys_are_replaced_by_command_while_people_work(hospital: Hospital):
    operator = Operator(hospital)
    before, secrets = operator.keys(), secrets_of(hospital.stack)
    async with Work(hospital) as work:
        await work.goes_on()
        old = await operator.sees_next("add", "add")
        assert "add a new one" in await operator.is_refused("master", "drop")
        await operator.rotates(("master", "add"), ("search", "add"))
        await work.goes_on()
        await operator.sees_next("promote", "drop")
        await operator.rotates(("master", "promote"))
        await work.goes_on()
        await operator.sees_next("drop", "drop")
        secrets |= {f"new {name}": secret for name, secret in secrets_of(hospital.stack).items()}
        await operator.rotates(("master", "drop"), ("search", "drop"))
        await work.goes_on()
        new = await operator.sees_next("add", "add")

    assert not _keys_in(before) & _keys_in(operator.keys())
    assert [len(new[which]["keys"]) for which in ("master", "search")] == [1, 1]
    assert new["search"]["keys"] == [old["search"]["keys"][0] + 1]
    for patient, identity in work.kept.items():
        await is_there_once(hospital.bed_manager, patient, identity)
        again = await hospital.bed_manager.ask("POST", "/v1/patients", identity)
        assert (again.status_code, again.json()["code"]) == (409, "mrn_taken")
    await _only_the_new_keys_are_in_use(hospital, new)
    assert found(secrets, logs_in(hospital.stack.logs)) == set()


def _keys_in(texts: list[str]) -> set[str]:
    keyset, numbered = texts
    masters = {key["keyData"]["value"] for key in json.loads(keyset)["key"]}
    return masters | {part.partition(":")[2] for part in numbered.split(",")}


async def _only_the_new_keys_are_in_use(hospital: Hospital, told: dict[str, Any]) -> None:
    database = await asyncpg.connect(hospital.stack.infrastructure.postgres.url("admissions"))
    try:
        wrapped = await database.fetch("SELECT DISTINCT substr(wrapped, 2, 4) AS master FROM subject_key")
        numbers = await database.fetch("SELECT DISTINCT key_number FROM patient_index")
    finally:
        await database.close()
    assert [int.from_bytes(row["master"], "big") for row in wrapped] == told["master"]["keys"]
    assert [row["key_number"] for row in numbers] == told["search"]["keys"]


async def test_an_old_key_is_not_dropped_before_the_service_has_done_its_part(hospital: Hospital):
    operator = Operator(hospital)
    await hospital.a_patient()
    await operator.rotates(("master", "add"))
    for which, step in (("master", "promote"), ("search", "add")):
        assert (await operator.types("rotate", which, step))[0] == 0

    for which, still in (("master", "keys to rewrap"), ("search", "digests to fill")):
        complaint = await operator.is_refused(which, "drop")
        assert still in complaint
        assert "has not been restarted" in complaint

    await asyncio.to_thread(hospital.stack.restart, "admissions")
    await operator.sees_next("drop", "drop")
    await operator.rotates(("master", "drop"), ("search", "drop"))
    await operator.sees_next("add", "add")
