"""Keys are replaced under load, replica by replica: nobody becomes unreadable, nobody is there twice."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import orjson
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from admissions.handlers.erasure import erase_again
from admissions.main import create_app
from admissions.models import REFUSALS
from admissions.queries import CURRENT_IDENTITY
from admissions.rotation import Rotation, identities
from admissions.settings import AdmissionsSettings
from common.clock import utc_now
from common.crypto import Unreadable
from common.embedded import Postgres
from common.process import Process
from common.stamp import Stamp
from common.testing import a_keyset, at_rest, client_for, settings_for
from tests.admissions.registry import code_of
from tests.support.databases import a_copy
from tests.support.waiting import eventually
from tools.keys.steps import (
    NotYet,
    dropped_master,
    dropped_search_key,
    first_search_key,
    new_master,
    new_search_key,
    promoted_master,
)

BORN = "1980-02-03"
WORKERS = 3


@dataclass
class Replica:
    app: FastAPI
    process: Process
    staff: httpx2.AsyncClient

    def rotation(self) -> Rotation:
        return Rotation(self.process.database, identities(self.process))


@dataclass
class Ward:
    """Replicas of admissions on one database, each started with the keys of its time."""

    postgres: Postgres
    name: str
    stack: AsyncExitStack
    keyset: str = field(default_factory=a_keyset)
    search_keys: str = field(default_factory=first_search_key)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def a_replica(self) -> Replica:
        settings = settings_for(
            AdmissionsSettings,
            self.postgres.url(self.name, "admissions", "admissions"),
            database_connections=4,
            master_keyset=SecretStr(self.keyset),
            search_keys=self.search_keys,
        )
        app = create_app(settings)
        process = await self.stack.enter_async_context(at_rest(app, settings, REFUSALS))
        return Replica(app, process, client_for(app, "bed_manager"))

    def somebody(self) -> dict[str, str]:
        n = next(self._numbers)
        return {"mrn": f"M-{n}", "name": f"Doe-{n}, Jane", "date_of_birth": BORN}


@pytest.fixture
async def ward(postgres: Postgres, admissions_migrated: str) -> AsyncIterator[Ward]:
    async with a_copy(postgres, "admissions") as name, AsyncExitStack() as stack:
        yield Ward(postgres, name, stack)


async def registered(replica: Replica, identity: dict[str, str]) -> httpx2.Response:
    return await replica.staff.post("/v1/patients", json=identity)


async def found(replica: Replica, identity: dict[str, str]) -> list[str]:
    """By record number and by name: both must find the same."""
    by_name = {name: identity[name] for name in ("name", "date_of_birth")}
    answers = [
        await replica.staff.post("/v1/patients/search", json=by) for by in ({"mrn": identity["mrn"]}, by_name)
    ]
    first, second = ([item["id"] for item in answer.json()["items"]] for answer in answers)
    assert first == second
    return first


class Load:
    """Registrations, corrections and searches, by everybody at once, on the replicas that run at the moment."""

    def __init__(self, ward: Ward, *replicas: Replica) -> None:
        self.ward, self.replicas = ward, list(replicas)
        self.kept: dict[str, dict[str, str]] = {}
        self._stopped = False
        self._turns = [0] * WORKERS

    async def __aenter__(self) -> "Load":
        self._work = [asyncio.create_task(self._go_on(n)) for n in range(WORKERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped = True
        await asyncio.gather(*self._work)

    async def turns(self, count: int = 1) -> None:
        """Until everybody has finished what is under way, and this much more on the replicas of now."""
        wanted = [turn + 1 + count for turn in self._turns]

        def done() -> bool:
            assert not any(task.done() for task in self._work), [task.exception() for task in self._work]
            return all(turn >= goal for turn, goal in zip(self._turns, wanted, strict=True))

        await eventually(done, within=60)

    async def _go_on(self, n: int) -> None:
        for turn in itertools.count(n):
            if self._stopped:
                return
            one, other = (self.replicas[(turn + i) % len(self.replicas)] for i in range(2))
            identity = self.ward.somebody()
            twins = await asyncio.gather(registered(one, identity), registered(other, identity))
            (created,) = (answer.json()["id"] for answer in twins if answer.status_code == 201)
            assert sorted(answer.status_code for answer in twins) == [201, 409]
            identity["name"] += " Q"
            changed = await other.staff.patch(f"/v1/patients/{created}", json={"name": identity["name"]})
            assert changed.status_code == 200, changed.text
            assert await found(one, identity) == [created]
            assert await found(other, identity) == [created]
            self.kept[created] = identity
            self._turns[n] += 1


async def everybody_is_there_once(replica: Replica, kept: dict[str, dict[str, str]]) -> None:
    for patient, identity in kept.items():
        shown = (await replica.staff.get(f"/v1/patients/{patient}")).json()
        assert {name: shown[name] for name in identity} == identity
        assert await found(replica, identity) == [patient]
        assert code_of(await registered(replica, identity)) == (409, "mrn_taken")


async def test_the_master_key_is_replaced_under_load(ward: Ward):
    old = await ward.a_replica()
    async with Load(ward, old, await ward.a_replica()) as load:
        await load.turns()
        for step in (new_master, promoted_master):
            ward.keyset = step(ward.keyset)
            for place in range(2):  # one replica after the other
                load.replicas[place] = await ward.a_replica()
                await load.turns()
        await asyncio.gather(*(replica.rotation().run() for replica in load.replicas))
        await load.turns()
        assert await load.replicas[0].rotation().left_to_rewrap() == 0
        ward.keyset = dropped_master(ward.keyset)
        load.replicas[:] = [await ward.a_replica(), await ward.a_replica()]
        await load.turns()

    assert len(orjson.loads(ward.keyset)["key"]) == 1
    await everybody_is_there_once(load.replicas[0], load.kept)
    patient = next(iter(load.kept))
    row = await old.process.database.read.first(CURRENT_IDENTITY, of_id=UUID(patient))
    with pytest.raises(Unreadable):
        identities(old.process).open(row)


async def test_the_search_key_is_replaced_under_load(ward: Ward):
    async with Load(ward, await ward.a_replica(), await ward.a_replica()) as load:
        await load.turns()
        ward.search_keys = new_search_key(ward.search_keys)
        for place in range(2):
            load.replicas[place] = await ward.a_replica()
            await load.turns()
        await asyncio.gather(*(replica.rotation().run() for replica in load.replicas))
        assert await load.replicas[0].rotation().left_to_fill() == 0
        ward.search_keys = dropped_search_key(ward.search_keys)
        for place in range(2):
            load.replicas[place] = await ward.a_replica()
            await load.turns()
        await load.replicas[0].rotation().run()

    assert ward.search_keys.startswith("2:")
    assert "," not in ward.search_keys
    await load.replicas[0].rotation().run()
    await everybody_is_there_once(load.replicas[0], load.kept)
    under = await load.replicas[0].process.database.pool.fetch("SELECT key_number FROM patient_index")
    assert {row["key_number"] for row in under} == {2}
    assert len(under) == len(load.kept)


async def test_a_replica_that_does_not_know_the_new_search_key_leaves_no_old_name_behind(ward: Ward):
    unaware = await ward.a_replica()
    ward.search_keys = new_search_key(ward.search_keys)
    aware = await ward.a_replica()
    before = ward.somebody()
    patient = (await registered(aware, before)).json()["id"]
    after = ward.somebody()
    await unaware.staff.patch(f"/v1/patients/{patient}", json=after)

    assert [await found(replica, before) for replica in (unaware, aware)] == [[], []]
    assert [await found(replica, after) for replica in (unaware, aware)] == [[patient], [patient]]
    assert await aware.rotation().left_to_fill() == 1
    await aware.rotation().run()
    assert await aware.rotation().left_to_fill() == 0


async def test_an_erased_patient_is_not_brought_back_by_a_rotation(ward: Ward):
    first = await ward.a_replica()
    patients = [UUID((await registered(first, ward.somebody())).json()["id"]) for _ in range(20)]
    ward.keyset = promoted_master(new_master(ward.keyset))
    ward.search_keys = new_search_key(ward.search_keys)
    rotating = await ward.a_replica()
    admin = client_for(rotating.app, "admin")
    erasures = [
        admin.post(f"/v1/patients/{one}/erasure", json={"reason_code": "test", "patient_id": str(one)})
        for one in patients
    ]
    rotation = asyncio.create_task(rotating.rotation().run())
    answers = await asyncio.gather(*erasures)
    await rotation

    assert {answer.status_code for answer in answers} == {200}
    for table in ("subject_key", "patient_index"):
        assert await rotating.process.database.pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_rotation_passes_over_a_patient_who_is_just_being_erased(ward: Ward):
    first = await ward.a_replica()
    patient = UUID((await registered(first, ward.somebody())).json()["id"])
    ward.keyset = promoted_master(new_master(ward.keyset))
    ward.search_keys = new_search_key(ward.search_keys)
    rotating = await ward.a_replica()
    async with rotating.process.database.write() as erasure:
        await erase_again(erasure, patient, 2, Stamp(utc_now(), "user/who-erases"))
        rotation = asyncio.create_task(rotating.rotation().run())  # before the erasure commits
        await asyncio.wait_for(rotation, 20)

    for table in ("subject_key", "patient_index"):
        assert await rotating.process.database.pool.fetchval(f"SELECT count(*) FROM {table}") == 0


def test_the_only_key_and_one_that_writes_are_not_dropped():
    with pytest.raises(NotYet):
        dropped_master(new_master(a_keyset()))
    with pytest.raises(NotYet):
        dropped_search_key(first_search_key())
