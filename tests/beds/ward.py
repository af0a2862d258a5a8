"""Beds, people who wait for one, and staff who ask: what the tests of beds start from."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import orjson
from fastapi import FastAPI

from beds.domain.bed import BedState
from beds.domain.layout import RoomFacts
from beds.domain.movement import Reversible
from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Needs
from beds.handlers.cleaning import complete_cleaning, start_cleaning, tell_missed_target
from beds.handlers.holding import hold_bed, release_hold, sweep_expired_hold
from beds.handlers.layout import add_bed, add_room, open_department
from beds.handlers.leave import go_on_leave, return_from_leave
from beds.handlers.offers import accept_offer, decline_offer, offer_next
from beds.handlers.presence import confirm_arrival, move_patient, record_departure
from beds.handlers.readiness import block_bed, close_bed, declare_ready
from beds.handlers.reservations import turn_due_reservation
from beds.handlers.reversing import reverse_arrival, reverse_move
from beds.handlers.swapping import swap_patients
from beds.handlers.transfers import (
    accept_transfer,
    cancel_transfer,
    request_transfer,
    sweep_expired_transfer,
)
from beds.handlers.wishes import answer_wish
from common.db import Database
from common.idempotency import UNCONDITIONAL
from common.ids import new_id
from common.testing import a_caller, client_for

Json = dict[str, Any]
_codes = (f"C{n:06}" for n in itertools.count(1))  # in the order in which they are made

ADMIN, BED_MANAGER, CHARGE_NURSE, CLEANER = map(
    a_caller, ("admin", "bed_manager", "charge_nurse", "housekeeping")
)


@dataclass
class Ward:
    """The service at rest. `database` is the service's own, `admin` may do everything in it."""

    app: FastAPI
    database: Database
    admin: "asyncpg.Pool[Any]"
    url: str
    bed_manager: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.bed_manager = self.staff("bed_manager")

    def staff(self, role: str, departments: Iterable[UUID] | None = None) -> httpx2.AsyncClient:
        """Somebody new of this role."""
        return client_for(self.app, role, departments)

    async def a_department(self) -> UUID:
        code = next(_codes)
        outcome = await open_department(self.database, UNCONDITIONAL, ADMIN, code, f"Ward {code}")
        return outcome.resource

    async def a_room(self, department: UUID, **facts: Any) -> UUID:
        outcome = await add_room(
            self.database, UNCONDITIONAL, ADMIN, department, next(_codes), RoomFacts(**facts)
        )
        return outcome.resource

    async def a_bed(
        self,
        department: UUID | None = None,
        state: BedState = BedState.AVAILABLE,
        *,
        room: UUID | None = None,
        equipment: tuple[str, ...] = (),
    ) -> UUID:
        """A bed that is available, dirty, being cleaned, blocked, closed, held or occupied."""
        department = department or await self.a_department()
        outcome = await add_bed(
            self.database, UNCONDITIONAL, ADMIN, department, room, next(_codes), equipment
        )
        bed = outcome.resource
        match state:
            case BedState.AVAILABLE | BedState.HELD | BedState.OCCUPIED:
                await declare_ready(self.database, UNCONDITIONAL, BED_MANAGER, bed, "new_bed")
            case BedState.CLEANING:
                await self.does("/v1/cleaning_jobs/{}/start", (await self.open_job(bed))["id"])
            case BedState.BLOCKED:
                await block_bed(self.database, UNCONDITIONAL, BED_MANAGER, bed, "repair", None)
            case BedState.CLOSED:
                await close_bed(self.database, UNCONDITIONAL, ADMIN, bed, 200)
        if state in (BedState.HELD, BedState.OCCUPIED):
            await self.waits_for(department, bed=bed)
        if state is BedState.OCCUPIED:
            await self.arrives(UUID((await self.bed(bed))["admission_id"]))
        return bed

    async def a_cot(self, bed: UUID) -> UUID:
        """A free one beside the bed, which is in a room."""
        department = await self.admin.fetchval("SELECT department_id FROM bed WHERE id = $1", bed)
        outcome = await add_bed(self.database, UNCONDITIONAL, ADMIN, department, None, next(_codes), (), bed)
        await declare_ready(self.database, UNCONDITIONAL, BED_MANAGER, outcome.resource, "new_bed")
        return outcome.resource

    async def says(self, wish: Wish) -> None:
        """What admissions says, as the consumer hands it over."""
        async with self.database.write() as act:
            await answer_wish(act, wish)

    async def waits_for(
        self,
        department: UUID,
        *,
        bed: UUID | None = None,
        priority: Priority = Priority.URGENT,
        patient: UUID | None = None,
        since: datetime | None = None,
        needs: Needs | None = None,
        ready: bool = True,
    ) -> UUID:
        """An admission that wants a bed; it is held at once if one is free, else the patient is in the queue."""
        admission = new_id()
        want = Want(
            department, bed, priority, needs or Needs(), ready=ready, requested_at=since or await self.now()
        )
        await self.says(Wish(admission, patient or new_id(), want, 1, 1))
        return admission

    async def waits_elsewhere(self, patient: UUID | None = None, needs: Needs | None = None) -> UUID:
        """An admission that waits for a department without beds, so that it holds none."""
        return await self.waits_for(await self.a_department(), patient=patient, needs=needs)

    async def holds(self, admission: UUID, bed: UUID, minutes: int | None = None) -> UUID:
        outcome = await hold_bed(self.database, UNCONDITIONAL, BED_MANAGER, bed, admission, minutes)
        return outcome.resource

    async def accepts(self, admission: UUID) -> None:
        await accept_offer(self.database, UNCONDITIONAL, BED_MANAGER, admission)

    async def declines(self, admission: UUID) -> None:
        await decline_offer(self.database, UNCONDITIONAL, BED_MANAGER, admission, "too_far_away")

    async def arrives(self, admission: UUID, bed: UUID | None = None) -> None:
        await confirm_arrival(self.database, UNCONDITIONAL, BED_MANAGER, admission, bed)

    async def departs(self, admission: UUID) -> None:
        await record_departure(self.database, UNCONDITIONAL, BED_MANAGER, admission, "home", None)

    async def releases(self, bed: UUID, hold: UUID) -> None:
        await release_hold(self.database, UNCONDITIONAL, BED_MANAGER, bed, hold)

    async def moves(self, admission: UUID, bed: UUID) -> None:
        await move_patient(self.database, UNCONDITIONAL, BED_MANAGER, admission, bed)

    async def transfers(self, admission: UUID, bed: UUID) -> None:
        """One step: asked for, or accepted with this bed if it was."""
        pending = await self.admin.fetchval(
            "SELECT transfer_id FROM placement WHERE admission_id = $1", admission
        )
        if pending is not None:
            await accept_transfer(self.database, UNCONDITIONAL, BED_MANAGER, pending, bed, None)
        else:
            department = UUID((await self.bed(bed))["department_id"])
            await request_transfer(self.database, UNCONDITIONAL, BED_MANAGER, admission, department)

    async def cancels_transfer(self, admission: UUID) -> None:
        pending = await self.admin.fetchval(
            "SELECT transfer_id FROM placement WHERE admission_id = $1", admission
        )
        if pending is not None:
            await cancel_transfer(self.database, UNCONDITIONAL, BED_MANAGER, pending, "test")

    async def swaps(self, one: UUID, other: UUID) -> None:
        await swap_patients(self.database, UNCONDITIONAL, BED_MANAGER, one, other)

    async def reverses(self, admission: UUID, of: Reversible) -> None:
        reverse = reverse_arrival if of is Reversible.ARRIVAL else reverse_move
        await reverse(self.database, UNCONDITIONAL, BED_MANAGER, admission, "mistake")

    async def leaves_or_returns(self, admission: UUID) -> None:
        """Whoever is on leave comes back; else the patient goes on leave."""
        state = await self.admin.fetchval("SELECT state FROM placement WHERE admission_id = $1", admission)
        step = return_from_leave if state == "on_leave" else go_on_leave
        await step(self.database, UNCONDITIONAL, CHARGE_NURSE, admission)

    async def readies(self, bed: UUID) -> None:
        await declare_ready(self.database, UNCONDITIONAL, BED_MANAGER, bed, "wiped")

    async def cleans(self, bed: UUID) -> None:
        """One step: what is dirty is begun, what is begun is done."""
        job = await self.admin.fetchrow(
            "SELECT id, state FROM cleaning_job WHERE bed_id = $1 AND state IN ('requested', 'accepted', 'started')",
            bed,
        )
        if job is not None:
            step = start_cleaning if job["state"] != "started" else complete_cleaning
            await step(self.database, UNCONDITIONAL, CLEANER, job["id"])

    async def in_bed(self, department: UUID, bed: UUID | None = None, patient: UUID | None = None) -> UUID:
        """An admission whose patient is in a bed of the department."""
        admission = await self.waits_for(department, bed=bed, patient=patient)
        await self.arrives(admission)
        return admission

    async def lapses(self, *beds: UUID, soon: timedelta = timedelta()) -> datetime:
        """The clock reaches the end of the holds on these beds: their end is moved to this moment, or very soon."""
        end = await self.now() + soon
        for change in (
            "UPDATE reservation SET ends_at = $2"
            " WHERE bed_id = ANY ($1) AND state = 'reserved' AND starts_at < $2 AND ends_at > $2",
            "UPDATE bed SET held_until = $2 WHERE id = ANY ($1) AND held_until > $2",
            "UPDATE placement SET held_until = $2 WHERE bed_id = ANY ($1) AND held_until > $2",
            "UPDATE transfer SET held_until = $2 WHERE bed_id = ANY ($1) AND held_until > $2",
            "UPDATE offer SET offered_until = $2 WHERE bed_id = ANY ($1) AND offered_until > $2",
            "UPDATE occupancy SET period = tstzrange(lower(period), $2) "
            "WHERE bed_id = ANY ($1) AND kind = 'hold' AND lower(period) < $2 AND upper(period) > $2",
        ):
            await self.admin.execute(change, beds, end)
        return end

    async def reserves(
        self, admission: UUID, bed: UUID, *, hours: float = 24, lasting: float = 4
    ) -> httpx2.Response:
        """From so many hours from now on, for so many hours."""
        start = await self.now() + timedelta(hours=hours)
        period = {"starts_at": start, "ends_at": start + timedelta(hours=lasting)}
        body = {"admission_id": str(admission)} | {name: at.isoformat() for name, at in period.items()}
        return await self.bed_manager.post(f"/v1/beds/{bed}/reservations", json=body)

    async def reserved(self, admission: UUID, bed: UUID, **period: float) -> Json:
        """A reservation that was made."""
        answer = await self.reserves(admission, bed, **period)
        assert answer.status_code == 201, answer.text
        reservation: Json = answer.json()
        return reservation

    async def reservation(self, reservation: object) -> Json:
        return await self._shown(f"/v1/reservations/{reservation}")

    async def comes_to_start(self, *beds: UUID) -> None:
        """The clock reaches the start of every reservation of these beds, after every hold on them is over."""
        now = await self.lapses(*beds)
        for change in (
            "UPDATE reservation SET starts_at = $2"
            " WHERE bed_id = ANY ($1) AND state = 'reserved' AND starts_at > $2",
            "UPDATE occupancy SET period = tstzrange($2, upper(period))"
            " WHERE bed_id = ANY ($1) AND NOT void AND lower(period) > $2",
        ):
            await self.admin.execute(change, beds, now)

    async def turns_reservations(self) -> int:
        """How many have become something."""
        turned = 0
        while True:
            async with self.database.write() as act:
                if not await turn_due_reservation(act):
                    return turned
            turned += 1

    async def sweeps(self) -> bool:
        async with self.database.write() as act:
            return await sweep_expired_hold(act) or await sweep_expired_transfer(act)

    async def sweeps_all(self) -> None:
        while await self.sweeps():
            pass

    async def grows_older(self, job: object, minutes: int) -> None:
        """Time goes by for a cleaning job: every moment of it is that much earlier."""
        moments = (
            "requested_at",
            "accepted_at",
            "started_at",
            "counted_from",
            "suspended_at",
            "completed_at",
            "due_at",
        )
        earlier = ", ".join(f"{name} = {name} - $2 * interval '1 minute'" for name in moments)
        await self.admin.execute(f"UPDATE cleaning_job SET {earlier} WHERE id = $1", UUID(str(job)), minutes)

    async def tells_missed(self) -> int:
        """Every miss that is due is told of; how many that were."""
        told = 0
        while True:
            async with self.database.write() as act:
                if not await tell_missed_target(act):
                    return told
            told += 1

    async def places_next(self) -> bool:
        async with self.database.write() as act:
            return await offer_next(act)

    async def places_all(self) -> None:
        while await self.places_next():
            pass

    async def offers(self, **query: Any) -> list[Json]:
        """The latest first."""
        answer = await self.bed_manager.get("/v1/offers", params=query)
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items

    async def bed(self, bed: UUID) -> Json:
        return await self._shown(f"/v1/beds/{bed}")

    async def placement(self, admission: UUID) -> Json:
        return await self._shown(f"/v1/placements/{admission}")

    async def movements(self, admission: UUID) -> list[Json]:
        items: list[Json] = (await self._shown(f"/v1/placements/{admission}/movements"))["items"]
        return items

    async def jobs(self, bed: UUID, state: str | None = None) -> list[Json]:
        """The cleaning jobs of a bed, the newest last."""
        query = f"&state={state}" if state else ""
        items: list[Json] = (
            await self._shown(f"/v1/cleaning_jobs?bed_id={bed}{query}&order=requested_at", "housekeeping")
        )["items"]
        return items

    async def open_job(self, bed: UUID) -> Json:
        shown = await self._shown(f"/v1/cleaning_jobs?bed_id={bed}&open=true", "housekeeping")
        job: Json
        (job,) = shown["items"]
        return job

    async def report(self, name: str, **query: Any) -> list[Json]:
        """The first page of a report."""
        answer = await self.bed_manager.get(f"/v1/reports/{name}", params=query)
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items

    async def does(self, path: str, *ids: object, role: str = "housekeeping", **body: Any) -> httpx2.Response:
        """A command that succeeds."""
        answer = await self.staff(role).post(path.format(*ids), json=body)
        assert answer.is_success, answer.text
        return answer

    async def told(self, key: UUID) -> list[str]:
        """What was told of this bed, placement or job: the past-tense words, oldest first."""
        rows = await self.admin.fetch("SELECT type FROM outbox WHERE key = $1 ORDER BY position", key)
        return [row["type"].split(".")[3] for row in rows]

    async def last_told(self, key: UUID) -> Json:
        value = await self.admin.fetchval(
            "SELECT value FROM outbox WHERE key = $1 ORDER BY position DESC LIMIT 1", key
        )
        payload: Json = orjson.loads(value)
        return payload

    async def now(self) -> datetime:
        moment: datetime = await self.admin.fetchval("SELECT clock_timestamp()")
        return moment

    async def _shown(self, path: str, role: str = "bed_manager") -> Json:
        answer = await self.staff(role).get(path)
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]
