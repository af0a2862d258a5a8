"""Whether a bed can be used at all: blocked and unblocked, closed and opened, declared ready."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from beds import records
from beds.domain.bed import Bed, BedState
from beds.domain.cleaning import CleaningType
from beds.domain.cots import BedOfCotClosed, CotsOpen
from beds.domain.layout import DepartmentClosed, DepartmentState, RoomOutOfUse
from beds.events import BedEvent, DeclaredReady
from beds.handlers.recording import cancel_cleaning, open_cleaning, save_bed
from beds.handlers.reserving import expect_unreserved
from beds.policies import POLICIES, Act
from beds.queries import OPEN_COTS_OF, PLACE_OF_BED
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import NotFound
from common.idempotency import Outcome
from common.stamp import Stamp


@command
async def block_bed(
    act: UnitOfWork, caller: Caller, bed_id: UUID, reason_code: str, return_expected_at: datetime | None
) -> Outcome:
    """A fact, also where the bed is reserved: the reservation stays, and becomes a hold if the bed is back in time."""

    def blocked(bed: Bed, stamp: Stamp) -> Bed:
        return bed.blocked(reason_code, return_expected_at, stamp)

    return await _step(act, caller, Act.BLOCK_BED, bed_id, BedEvent.BLOCKED, blocked)


@command
async def unblock_bed(act: UnitOfWork, caller: Caller, bed_id: UUID) -> Outcome:
    """Back from repair: dirty until cleaned."""
    return await _step(act, caller, Act.BLOCK_BED, bed_id, BedEvent.UNBLOCKED, Bed.unblocked)


@command
async def close_bed(act: UnitOfWork, caller: Caller, bed_id: UUID, status: int) -> Outcome:
    """Raises `BedOccupied`, `BedReserved`."""
    outcome = await _step(act, caller, Act.CLOSE_BED, bed_id, BedEvent.CLOSED, Bed.closed)
    return outcome._replace(status=status)


@command
async def open_bed(act: UnitOfWork, caller: Caller, bed_id: UUID) -> Outcome:
    """In use again, dirty until cleaned. Raises `DepartmentClosed`, `RoomOutOfUse`, `BedOfCotClosed`."""
    place = await act.first(PLACE_OF_BED, of_bed=bed_id)
    if place is None:
        raise NotFound
    POLICIES.allow(caller, Act.CLOSE_BED, place["department_id"])
    department = await records.departments.lock(act, place["department_id"])
    if department.state is DepartmentState.CLOSED:
        raise DepartmentClosed
    beds = await records.beds.lock_all(act, (bed_id, place["cot_of_bed_id"]))
    if any(bed.state is BedState.CLOSED for one, bed in beds.items() if one != bed_id):
        raise BedOfCotClosed
    room_id = beds[bed_id].room_id
    if room_id is not None and not (await records.rooms.lock(act, room_id)).active:
        raise RoomOutOfUse
    return await _step(act, caller, Act.CLOSE_BED, bed_id, BedEvent.OPENED, Bed.opened)


@command
async def declare_ready(act: UnitOfWork, caller: Caller, bed_id: UUID, reason_code: str) -> Outcome:
    """A dirty bed is declared ready without a cleaning job; the reason is in the event and so in the audit log."""
    permission = Act.OVERRIDE_READINESS
    return await _step(
        act, caller, permission, bed_id, BedEvent.READIED, Bed.readied, DeclaredReady(reason_code)
    )


async def _step(
    act: UnitOfWork,
    caller: Caller,
    permission: Act,
    bed_id: UUID,
    what: BedEvent,
    decide: Callable[[Bed, Stamp], Bed],
    facts: DeclaredReady | None = None,
) -> Outcome:
    bed = await records.beds.lock(act, bed_id)
    POLICIES.allow(caller, permission, bed.department_id)
    stamp = await act.stamp(bed)
    act.demand.expect(bed.tag(stamp.at))
    after = decide(bed, stamp)
    if after.state is BedState.CLOSED:
        await expect_unreserved(act, bed_id, stamp.at)
        if await act.all(OPEN_COTS_OF, of_bed=bed_id):
            raise CotsOpen
    if after.state is not BedState.DIRTY:
        await cancel_cleaning(act, bed, stamp)
    await save_bed(act, what, bed, after, facts)
    if after.state is BedState.DIRTY:
        await open_cleaning(act, after, stamp, CleaningType.DAILY)
    return Outcome(200, bed_id)
