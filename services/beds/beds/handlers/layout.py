"""The places of the hospital: departments, rooms and beds are added, changed and closed by an admin."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from beds import records
from beds.domain.bed import Bed, BedState
from beds.domain.cleaning import CleaningType
from beds.domain.cots import expect_bed_of_cot
from beds.domain.layout import (
    Department,
    DepartmentClosed,
    DepartmentInUse,
    DepartmentState,
    Room,
    RoomFacts,
    RoomInUse,
)
from beds.events import BedEvent, DepartmentEvent, RoomEvent, happened
from beds.handlers.recording import cancel_cleaning, open_cleaning, save_bed
from beds.handlers.reserving import expect_unreserved
from beds.policies import POLICIES, Act
from beds.queries import BEDS_OF_DEPARTMENT, BEDS_OF_ROOM
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import FieldError, Invalid
from common.idempotency import Outcome
from common.ids import new_id


@command
async def open_department(act: UnitOfWork, caller: Caller, code: str, name: str) -> Outcome:
    POLICIES.allow(caller, Act.CHANGE_LAYOUT)
    stamp = await act.stamp()
    opened = Department(new_id(), code, name, DepartmentState.OPEN, 1, stamp.at, stamp.by)
    await records.departments.add(act, opened)
    act.publish(happened(DepartmentEvent.OPENED, opened.id, opened, None))
    return Outcome(201, opened.id)


@command
async def change_department(
    act: UnitOfWork, caller: Caller, department_id: UUID, code: str | None, name: str | None
) -> Outcome:
    POLICIES.allow(caller, Act.CHANGE_LAYOUT)
    department = await records.departments.lock(act, department_id)
    stamp = await act.stamp(department)
    act.demand.expect(department.tag())
    changed = department.changed(stamp, code=code, name=name)
    await records.departments.save(act, changed)
    act.publish(happened(DepartmentEvent.CHANGED, department_id, changed, department))
    return Outcome(200, department_id)


@command
async def close_department(act: UnitOfWork, caller: Caller, department_id: UUID) -> Outcome:
    """Its free beds close with it. Raises `DepartmentInUse` while a bed is occupied or held, `BedReserved`."""
    POLICIES.allow(caller, Act.CHANGE_LAYOUT)
    department = await records.departments.lock(act, department_id)
    bed_ids = [row["id"] for row in await act.all(BEDS_OF_DEPARTMENT, of_department=department_id)]
    beds = await records.beds.lock_all(act, bed_ids)
    stamp = await act.stamp(department, *beds.values())
    act.demand.expect(department.tag())
    settled = [bed.settled(stamp.at) for bed in beds.values()]
    if any(bed.state in (BedState.OCCUPIED, BedState.HELD) for bed in settled):
        raise DepartmentInUse
    for bed in beds.values():
        if bed.state in (BedState.CLEANING, BedState.INSPECT):
            raise DepartmentInUse("A bed of this department is being cleaned. Wait until that is done.")
        if bed.state is not BedState.CLOSED:
            await expect_unreserved(act, bed.id, stamp.at)
            await cancel_cleaning(act, bed, stamp)
            await save_bed(act, BedEvent.CLOSED, bed, bed.closed(stamp))
    closed = department.closed(stamp)
    await records.departments.save(act, closed)
    act.publish(happened(DepartmentEvent.CLOSED, department_id, closed, department))
    return Outcome(204, department_id)


@command
async def add_room(
    act: UnitOfWork, caller: Caller, department_id: UUID, code: str, facts: RoomFacts
) -> Outcome:
    POLICIES.allow(caller, Act.CHANGE_LAYOUT)
    department = await _open_department(act, department_id)
    stamp = await act.stamp(department)
    room = Room(new_id(), department_id, code, True, 1, stamp.at, stamp.by, **asdict(facts))
    await records.rooms.add(act, room)
    act.publish(happened(RoomEvent.ADDED, room.id, room, None))
    return Outcome(201, room.id)


@command
async def change_room(act: UnitOfWork, caller: Caller, room_id: UUID, changes: dict[str, Any]) -> Outcome:
    """Changes what is named; nobody who is in it has to leave."""
    POLICIES.allow(caller, Act.CHANGE_LAYOUT)
    room = await records.rooms.lock(act, room_id)
    stamp = await act.stamp(room)
    act.demand.expect(room.tag())
    return await _save_room(act, room, room.changed(stamp, **changes), 200)


@command
async def close_room(act: UnitOfWork, caller: Caller, room_id: UUID) -> Outcome:
    """Raises `RoomInUse` while one of its beds is not closed."""
    POLICIES.allow(caller, Act.CHANGE_LAYOUT)
    room = await records.rooms.lock(act, room_id)
    if await act.all(BEDS_OF_ROOM, of_room=room_id):
        raise RoomInUse
    stamp = await act.stamp(room)
    act.demand.expect(room.tag())
    return await _save_room(act, room, room.changed(stamp, active=False), 204)


async def _save_room(act: UnitOfWork, before: Room, after: Room, status: int) -> Outcome:
    await records.rooms.save(act, after)
    act.publish(happened(RoomEvent.CHANGED, after.id, after, before))
    return Outcome(status, after.id)


@command
async def add_bed(
    act: UnitOfWork,
    caller: Caller,
    department_id: UUID,
    room_id: UUID | None,
    code: str,
    equipment: tuple[str, ...] = (),
    cot_of_bed_id: UUID | None = None,
) -> Outcome:
    """A new bed is dirty: nobody has cleaned it for us yet. A cot is in the room of its bed, named or not."""
    POLICIES.allow(caller, Act.CHANGE_LAYOUT)
    department = await _open_department(act, department_id)
    if cot_of_bed_id is not None:
        beside = await records.beds.find(act, cot_of_bed_id)
        room_id = expect_bed_of_cot(beside, department_id, room_id).room_id
    if room_id is not None:
        await _room_of(act, room_id, department_id)
    stamp = await act.stamp(department)
    bed = Bed.added(new_id(), department_id, room_id, code, stamp, equipment, cot_of_bed_id)
    await records.beds.add(act, bed)
    act.publish(happened(BedEvent.ADDED, bed.id, bed, None))
    await open_cleaning(act, bed, stamp, CleaningType.DAILY)
    return Outcome(201, bed.id)


@command
async def change_bed(act: UnitOfWork, caller: Caller, bed_id: UUID, changes: dict[str, Any]) -> Outcome:
    """Changes what is named: code, room, equipment."""
    POLICIES.allow(caller, Act.CHANGE_LAYOUT)
    bed = await records.beds.lock(act, bed_id)
    if "room_id" in changes:
        await _room_of(act, changes["room_id"], bed.department_id)
    stamp = await act.stamp(bed)
    act.demand.expect(bed.tag(stamp.at))
    await save_bed(act, BedEvent.CHANGED, bed, bed.changed(stamp, **changes))
    return Outcome(200, bed_id)


async def _open_department(act: UnitOfWork, department_id: UUID) -> Department:
    return expect_open(await records.departments.find(act, department_id))


def expect_open(department: Department | None) -> Department:
    """The department that a payload names as `department_id`. Raises `Invalid`, `DepartmentClosed`."""
    if department is None:
        raise Invalid(errors=[_unknown("department_id", "no such department")])
    if department.state is DepartmentState.CLOSED:
        raise DepartmentClosed
    return department


async def _room_of(act: UnitOfWork, room_id: UUID, department_id: UUID) -> None:
    room = await records.rooms.find(act, room_id)
    if room is None or not room.active or room.department_id != department_id:
        raise Invalid(errors=[_unknown("room_id", "no such room in this department")])


def _unknown(field: str, message: str) -> FieldError:
    return FieldError(field=f"body.{field}", code="unknown", message=message)
