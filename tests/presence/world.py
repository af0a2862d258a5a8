"""Two services, the messages between them, and what must be true of both whatever is delivered when.

The executable model of domain §2 with the real handlers on real databases in the place of the model's steps. A message
once sent may be delivered at any time, again, and after newer ones.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from admissions import consumers as hearing
from admissions.domain.admission import OPEN, AdmissionState, Asked, Priority
from admissions.domain.needs import Needs
from admissions.events import ADMISSION
from admissions.handlers import admissions as acts, merging, reversing
from beds import consumers as answering
from beds.domain.movement import Reversible
from beds.events import PLACEMENT
from beds.handlers.reservations import cancel_reservation, reserve_bed
from common.applying import Reaction
from common.envelope import Fact, Received
from common.errors import Refusal
from common.idempotency import UNCONDITIONAL
from common.process import Process
from common.testing import a_caller
from common.topics import Topic
from tests.admissions.registry import Registry
from tests.beds.ward import Ward

BED_MANAGER, UNIT_MANAGER = a_caller("bed_manager"), a_caller("unit_manager")
HERE = ("in_bed", "on_leave")
#: What an open admission is once everything that was said has been heard.
AGREES = {
    "queued": "requested",
    "held": "bed_assigned",
    "in_bed": "admitted",
    "on_leave": "on_leave",
    "left": "discharged",
}


@dataclass
class Wire:
    """What one service has said to the other, of each aggregate in order; nothing is ever lost or forgotten."""

    topic: Topic
    said: list[Received] = field(default_factory=list)
    listening: bool = True

    def overhear(self, facts: list[Fact]) -> None:
        if self.listening:
            self.said += [_as_received(fact) for fact in facts if fact.topic == self.topic]

    def newest(self) -> list[Received]:
        return list({event.subject: event for event in sorted(self.said, key=lambda e: e.version)}.values())


@dataclass
class World:
    """One ward with two beds, another with one; three patients, or fewer known twice. Ids are of this world alone."""

    ward: Ward
    registry: Registry
    process: Process
    to_beds: Wire = field(default_factory=lambda: Wire(ADMISSION))
    to_admissions: Wire = field(default_factory=lambda: Wire(PLACEMENT))
    departments: list[UUID] = field(default_factory=list)
    beds: list[UUID] = field(default_factory=list)
    patients: list[UUID] = field(default_factory=list)
    admissions: list[UUID] = field(default_factory=list)
    lapsed_at: list[datetime] = field(default_factory=list)
    """When all holds came to their end."""
    begun_at: dict[str, int] = field(default_factory=dict)
    """The last positions of both outboxes before this world."""
    refused: int = 0
    done: Counter[str] = field(default_factory=Counter)

    @property
    def databases(self) -> dict[str, "asyncpg.Pool[Any]"]:
        """Of each service, for one who may read everything."""
        return {"beds": self.ward.admin, "admissions": self.registry.admin}

    async def open(self) -> None:
        for service, database in self.databases.items():
            self.begun_at[service] = await database.fetchval("SELECT coalesce(max(position), 0) FROM outbox")
        for beds in (2, 1):
            department = await self.ward.a_department()
            self.departments.append(department)
            self.beds += [await self.ward.a_bed(department) for _ in range(beds)]
            await self.registry.admin.execute(
                "INSERT INTO known_department VALUES ($1, 'open', 1)", department
            )
        self.patients = [await self.registry.a_patient() for _ in range(3)]
        self.ward.database.after_commit(self.to_admissions.overhear)
        self.process.database.after_commit(self.to_beds.overhear)

    def close(self) -> None:
        """What comes after is of another world."""
        self.to_beds.listening = self.to_admissions.listening = False

    @contextmanager
    def trying(self, what: str = "act") -> Iterator[None]:
        """People may be refused; nothing else may happen to them."""
        try:
            yield
            self.done[what] += 1
        except Refusal as refusal:
            self.refused += 1
            if refusal.status >= 500:
                raise

    # People in front of admissions

    async def admits(self, patient: UUID, department: UUID, bed: UUID | None) -> None:
        with self.trying():
            outcome = await acts.request_admission(
                self.process.database, UNCONDITIONAL, BED_MANAGER, patient, what_is_asked(department, bed)
            )
            self.admissions.append(outcome.resource)

    async def wants(self, admission: UUID, department: UUID, bed: UUID | None) -> None:
        with self.trying():
            await acts.change_bed_request(
                self.process.database, UNCONDITIONAL, BED_MANAGER, admission, what_is_asked(department, bed)
            )

    async def ends(self, admission: UUID, target: AdmissionState) -> None:
        with self.trying():
            await acts.end_admission(
                self.process.database, UNCONDITIONAL, BED_MANAGER, admission, target, "x"
            )

    async def reopens(self, admission: UUID) -> None:
        with self.trying("reopen"):
            await reversing.reopen_admission(
                self.process.database, UNCONDITIONAL, BED_MANAGER, admission, "mistake"
            )

    async def enters_in_error(self, admission: UUID) -> None:
        with self.trying("enter in error"):
            await reversing.enter_in_error(
                self.process.database, UNCONDITIONAL, BED_MANAGER, admission, "mistake"
            )

    async def merges(self, patient: UUID, into: UUID) -> None:
        with self.trying("merge"):
            await merging.merge_patients(self.process.database, UNCONDITIONAL, UNIT_MANAGER, patient, into)

    async def undoes_merge(self, patient: UUID) -> None:
        with self.trying("undo merge"):
            await merging.undo_merge(self.process.database, UNCONDITIONAL, UNIT_MANAGER, patient)

    # People in front of beds

    async def holds(self, admission: UUID, bed: UUID) -> None:
        with self.trying():
            await self.ward.holds(admission, bed)

    async def reserves(self, admission: UUID, bed: UUID) -> None:
        """For the day after tomorrow, where the last step of a world does not come."""
        start = await self.ward.now() + timedelta(days=2)
        with self.trying():
            await reserve_bed(
                self.ward.database,
                UNCONDITIONAL,
                BED_MANAGER,
                bed,
                admission,
                start,
                start + timedelta(hours=4),
            )

    async def gives_back(self, bed: UUID) -> None:
        reserved = await self.ward.admin.fetchval(
            "SELECT max(id::text)::uuid FROM reservation WHERE bed_id = $1", bed
        )
        if reserved is not None:
            with self.trying():
                await cancel_reservation(self.ward.database, UNCONDITIONAL, BED_MANAGER, bed, reserved)

    async def begins_reservations(self) -> None:
        """Their time has come on every bed, and every hold is over by then."""
        await self.passes_time()
        await self.ward.comes_to_start(*self.beds)

    async def releases(self, bed: UUID) -> None:
        hold = await self.ward.admin.fetchval("SELECT hold_id FROM bed WHERE id = $1", bed)
        if hold is not None:
            with self.trying():
                await self.ward.releases(bed, hold)

    async def accepts(self, admission: UUID) -> None:
        with self.trying():
            await self.ward.accepts(admission)

    async def declines(self, admission: UUID) -> None:
        with self.trying():
            await self.ward.declines(admission)

    async def arrives(self, admission: UUID, bed: UUID | None) -> None:
        with self.trying():
            await self.ward.arrives(admission, bed)

    async def departs(self, admission: UUID) -> None:
        with self.trying():
            await self.ward.departs(admission)

    async def moves(self, admission: UUID, bed: UUID) -> None:
        with self.trying():
            await self.ward.moves(admission, bed)

    async def transfers(self, admission: UUID, bed: UUID) -> None:
        with self.trying():
            await self.ward.transfers(admission, bed)

    async def cancels_transfer(self, admission: UUID) -> None:
        with self.trying():
            await self.ward.cancels_transfer(admission)

    async def swaps(self, one: UUID, other: UUID) -> None:
        with self.trying():
            await self.ward.swaps(one, other)

    async def reverses(self, admission: UUID, of: Reversible) -> None:
        with self.trying():
            await self.ward.reverses(admission, of)

    async def leaves_or_returns(self, admission: UUID) -> None:
        with self.trying():
            await self.ward.leaves_or_returns(admission)

    async def cleans(self, bed: UUID) -> None:
        with self.trying():
            await self.ward.cleans(bed)

    async def readies(self, bed: UUID) -> None:
        with self.trying():
            await self.ward.readies(bed)

    async def passes_time(self) -> None:
        """Every hold of this world is over, and so it says wherever it was written."""
        end = await self.ward.lapses(*self.beds)
        self.lapsed_at.append(end)
        await self.registry.admin.execute(
            "UPDATE heard_placement SET held_until = $2 WHERE admission_id = ANY ($1) AND held_until > $2",
            self.admissions,
            end,
        )
        self.to_admissions.said = [
            replace(event, payload=over_by(event.payload, end)) for event in self.to_admissions.said
        ]

    # Messages

    async def hear(self, wire: Wire, event: Received) -> None:
        """A delivery is never refused: it would be a dead letter."""
        if wire is self.to_beds:
            database, effect = self.ward.database, answering.effects(self.process)[ADMISSION.state]
        else:
            database, effect = self.process.database, hearing.effects(self.process)[PLACEMENT.state]
        assert isinstance(effect, Reaction)
        async with database.write() as act:
            await effect.handle(act, effect.read(event))

    async def comes_to_rest(self) -> None:
        """Everything is delivered and nobody does anything more: both sides agree, and before the sweeper too."""
        for sweeping in (False, True):
            for _ in range(20):
                before = await self.versions()
                for wire in (self.to_beds, self.to_admissions):
                    for event in wire.newest():
                        await self.hear(wire, event)
                if sweeping:
                    await self.ward.sweeps_all()
                    await self.ward.turns_reservations()
                    await self.ward.places_all()
                await self.check()
                if before == await self.versions():
                    break
            else:
                raise AssertionError("never comes to rest")
            await self.check_agreement()
        await self.check_no_queue_beside_a_free_bed()

    async def versions(self) -> list[tuple[Any, ...]]:
        rows = await self.ward.admin.fetch("SELECT admission_id, version FROM placement ORDER BY 1")
        rows += await self.registry.admin.fetch("SELECT id, version FROM admission ORDER BY 1")
        return [tuple(row) for row in rows]

    async def decided_offers(self) -> dict[str, int]:
        """What became of all offers, also of other worlds."""
        rows = await self.ward.admin.fetch("SELECT state, count(*) FROM offer GROUP BY state")
        return {row["state"]: row["count"] for row in rows}

    # What must be true

    async def presence(self) -> dict[UUID, Any]:
        rows = await self.ward.admin.fetch(
            "SELECT *, coalesce(held_until > clock_timestamp(), false) AS is_live FROM placement"
            " WHERE admission_id = ANY ($1)",
            self.admissions,
        )
        return {row["admission_id"]: row for row in rows}

    async def states_of_admissions(self) -> dict[UUID, str]:
        rows = await self.registry.admin.fetch(
            "SELECT id, state FROM admission WHERE id = ANY ($1)", self.admissions
        )
        return {row["id"]: row["state"] for row in rows}

    async def patients_outside(self) -> list[UUID]:
        """Those without an open admission under this record."""
        rows = await self.registry.admin.fetch(
            "SELECT id FROM patient WHERE id = ANY ($1) AND id NOT IN"
            " (SELECT patient_id FROM admission WHERE state = ANY ($2)) ORDER BY id",
            self.patients,
            list(OPEN),
        )
        return [row["id"] for row in rows]

    async def states_of_beds(self) -> dict[UUID, str]:
        rows = await self.ward.admin.fetch(
            "SELECT id, CASE WHEN state = 'held' AND held_until <= clock_timestamp() THEN 'available' ELSE state END"
            " AS state FROM bed WHERE id = ANY ($1)",
            self.beds,
        )
        return {row["id"]: row["state"] for row in rows}

    async def check(self) -> None:
        """The invariants of the model, after every step."""
        placements, beds = await self.presence(), await self.states_of_beds()
        live = await self.ward.admin.fetch(
            "SELECT kind, bed_id, admission_id, patient_id FROM occupancy"
            " WHERE bed_id = ANY ($1) AND (upper_inf(period) OR upper(period) > clock_timestamp()) AND NOT void"
            " AND NOT EXISTS (SELECT FROM reservation WHERE id = occupancy.id AND state = 'reserved')",
            self.beds,
        )
        await self._check_reservations(placements)
        stays = {row["admission_id"]: row for row in live if row["kind"] == "stay"}
        holds = {row["admission_id"]: row for row in live if row["kind"] == "hold"}
        assert len({row["bed_id"] for row in live}) == len(live), "a bed with two live occupants"
        assert len({row["patient_id"] for row in stays.values()}) == len(stays), "a patient in two beds"
        assert len(stays) + len(holds) == len(live), "two stays or two holds of one admission"
        transfers = await self._beds_held_for_transfers()
        assert all(placements[one]["state"] in HERE for one in transfers), "a transfer of nobody"
        for admission, placement in placements.items():
            in_bed = placement["bed_id"] if placement["state"] in HERE else None
            held = placement["bed_id"] if placement["state"] == "held" and placement["is_live"] else None
            if admission in transfers:
                held = transfers[admission]
            assert (admission in stays and stays[admission]["bed_id"]) == (in_bed or False), (
                "stay and placement"
            )
            assert (admission in holds and holds[admission]["bed_id"]) == (held or False), (
                "hold and placement"
            )
        for bed, state in beds.items():
            assert (state == "occupied") == any(row["bed_id"] == bed for row in stays.values()), state
            assert (state == "held") == any(row["bed_id"] == bed for row in holds.values()), state
        await self._check_offers(placements)
        await self._check_ends(placements, stays)

    async def _check_offers(self, placements: dict[UUID, Any]) -> None:
        """An offer is open as long as its placement has its hold and nobody has decided."""
        offers = await self.ward.admin.fetch(
            "SELECT id, admission_id, bed_id FROM offer WHERE admission_id = ANY ($1) AND state = 'offered'",
            self.admissions,
        )
        offered = {
            admission: (placement["offer_id"], placement["bed_id"])
            for admission, placement in placements.items()
            if placement["offer_id"] is not None
        }
        assert {row["admission_id"]: (row["id"], row["bed_id"]) for row in offers} == offered, "offers"
        open_now = [bed for admission, (_, bed) in offered.items() if placements[admission]["is_live"]]
        assert len(set(open_now)) == len(open_now), "two offers of one bed"

    async def _beds_held_for_transfers(self) -> dict[UUID, UUID]:
        rows = await self.ward.admin.fetch(
            "SELECT admission_id, bed_id FROM transfer"
            " WHERE admission_id = ANY ($1) AND state = 'accepted' AND held_until > clock_timestamp()",
            self.admissions,
        )
        return {row["admission_id"]: row["bed_id"] for row in rows}

    async def _check_reservations(self, placements: dict[UUID, Any]) -> None:
        """Each is known to its placement, which waits, and its bed is kept: nobody stays in it."""
        rows = await self.ward.admin.fetch(
            "SELECT id, admission_id, ends_at > clock_timestamp() AS is_live, EXISTS (SELECT FROM occupancy"
            " WHERE id = reservation.id AND NOT void) AS keeps, EXISTS (SELECT FROM occupancy AS other WHERE"
            " other.bed_id = reservation.bed_id AND kind = 'stay' AND upper_inf(period)) AS is_taken"
            " FROM reservation WHERE bed_id = ANY ($1) AND state = 'reserved'",
            self.beds,
        )
        assert {row["id"] for row in rows} == {p["reservation_id"] for p in placements.values()} - {None}
        for row in rows:
            placement = placements[row["admission_id"]]
            assert placement["reservation_id"] == row["id"], "a reservation of another"
            assert placement["state"] in ("queued", "held"), "a reservation of somebody who waits no more"
            assert row["keeps"], "a reservation that keeps its bed from nobody"
            assert not (row["is_live"] and row["is_taken"]), "a patient in a bed that is reserved"

    async def _check_ends(self, placements: dict[UUID, Any], stays: dict[UUID, Any]) -> None:
        admissions = await self.registry.admin.fetch(
            "SELECT id, patient_id, person_id, state FROM admission WHERE id = ANY ($1)", self.admissions
        )
        persons = await self.persons()
        opened = [row["person_id"] for row in admissions if row["state"] in OPEN]
        assert len(set(opened)) == len(opened), "two open admissions of one person"
        for row in admissions:
            presence = placements[row["id"]]["state"] if row["id"] in placements else None
            assert row["person_id"] == persons[row["patient_id"]], "counted for another record"
            assert row["state"] in OPEN or row["id"] not in stays, f"{row['state']}, and in a bed"
            if row["state"] in ("cancelled", "no_show"):
                assert presence == "withdrawn", f"{row['state']} is final, the placement is {presence}"
            if row["state"] == "discharged":
                assert presence == "left", f"discharged, the placement is {presence}"
            if row["state"] == "entered_in_error":
                assert presence in ("left", "withdrawn"), f"in error, the placement is {presence}"

    async def persons(self) -> dict[UUID, UUID]:
        """Of each record the one that counts."""
        rows = await self.registry.admin.fetch(
            "SELECT id, merged_into FROM patient WHERE id = ANY ($1)", self.patients
        )
        into = {row["id"]: row["merged_into"] for row in rows}
        persons = {}
        for record in into:
            persons[record] = record
            while (further := into[persons[record]]) is not None:
                persons[record] = further
        return persons

    async def check_agreement(self) -> None:
        placements = await self.presence()
        for admission in self.admissions:
            shown, placement = await self.registry.admission(admission), placements[admission]
            presence = placement["state"]
            if presence == "held" and not placement["is_live"]:
                presence = "queued"
            if shown["state"] in OPEN:
                assert AGREES[presence] == shown["state"], (shown["state"], presence)
                assert placement["want_version"] == shown["want_version"], "a want was never answered"
            else:
                assert presence in ("left", "withdrawn"), (shown["state"], presence)
            assert presence != "withdrawn" or "departure" not in await self._movements(admission), "had left"
            in_error = shown["state"] == "entered_in_error"
            assert placement["entered_in_error"] == in_error, (
                f"{shown['state']}, and beds has heard otherwise"
            )

    async def _movements(self, admission: UUID) -> list[str]:
        return [movement["kind"] for movement in await self.ward.movements(admission)]

    async def check_no_queue_beside_a_free_bed(self) -> None:
        """Unless the beds that are free were offered for this very want."""
        beds, had = await self.states_of_beds(), defaultdict(set)
        for row in await self.ward.admin.fetch("SELECT admission_id, want_version, bed_id FROM offer"):
            had[row["admission_id"], row["want_version"]].add(row["bed_id"])
        reserved = await self._reserved_beds()
        free = {
            bed: self.departments[n // 2]
            for n, bed in enumerate(self.beds)
            if beds[bed] == "available" and bed not in reserved
        }
        for placement in (await self.presence()).values():
            waits_for_any = placement["refusal"] == "no_bed" and placement["reservation_id"] is None
            if placement["state"] == "queued" and waits_for_any:
                wanted = placement["want"]["bed_id"]
                suits = [
                    bed
                    for bed, department in free.items()
                    if str(department) == placement["want"]["department_id"]
                    and wanted in (None, str(bed))
                    and bed not in had[placement["admission_id"], placement["want_version"]]
                ]
                assert suits == [], "queued beside a free bed"

    async def _reserved_beds(self) -> set[UUID]:
        rows = await self.ward.admin.fetch(
            "SELECT bed_id FROM reservation"
            " WHERE bed_id = ANY ($1) AND state = 'reserved' AND ends_at > clock_timestamp()",
            self.beds,
        )
        return {row["bed_id"] for row in rows}


def what_is_asked(department: UUID, bed: UUID | None) -> Asked:
    return Asked(department, bed, Priority.URGENT, Needs(), ready=True)


def _as_received(fact: Fact) -> Received:
    return Received(
        topic=fact.topic.state,
        id=f"{fact.key}/{fact.version}",
        source=fact.topic.source,
        type=fact.type,
        version=fact.version,
        correlation_id="protocol",
        actor="service/protocol",
        traceparent=None,
        payload=orjson.loads(fact.value()),
        subject=fact.subject,
    )


def over_by(payload: Mapping[str, Any], end: datetime) -> Mapping[str, Any]:
    """As it would have been told of a hold that was to end then."""
    until = payload.get("held_until")
    if until is None or datetime.fromisoformat(until) <= end:
        return payload
    return {**payload, "held_until": end.isoformat()}
