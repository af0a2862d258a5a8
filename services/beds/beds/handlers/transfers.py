"""Transfers: asked for by one department, decided by the other; the patient stays where he is until he is moved."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from beds import records
from beds.domain.bed import HOLD, Bed
from beds.domain.placement import HERE, NotInABed, Placement
from beds.domain.rules import Needs
from beds.domain.transfer import BedElsewhere, Transfer, TransferPending
from beds.events import PlacementEvent, TransferEvent, happened
from beds.handlers.layout import expect_open
from beds.handlers.recording import give_up_hold, keep_bed, save_placement
from beds.handlers.transferring import bound_for, lock_pending, save_transfer
from beds.policies import POLICIES, Act
from beds.queries import ADMISSION_OF_TRANSFER
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import NotFound
from common.idempotency import Outcome
from common.ids import new_id
from common.stamp import Stamp


@command
async def request_transfer(
    act: UnitOfWork, caller: Caller, admission_id: UUID, department_id: UUID, needs: Needs | None = None
) -> Outcome:
    """One at a time; `needs` where the patient needs something else there than here.

    Raises `NotInABed`, `TransferPending`, `SameDepartment`, `DepartmentClosed`, `Invalid`.
    """
    receiving = await records.departments.find(act, department_id)
    placement = await records.placements.lock(act, admission_id)
    POLICIES.allow(caller, Act.REQUEST_TRANSFER, placement.department_id)
    expect_open(receiving)
    pending = await lock_pending(act, placement)
    stamp = await act.stamp(placement, pending)
    act.demand.expect(placement.tag(stamp.at))
    if placement.state not in HERE or placement.department_id is None:
        raise NotInABed(**placement.facts())
    if pending is not None:
        raise TransferPending(**pending.settled(stamp.at).facts())

    of, origin = placement.patient_id, placement.department_id
    transfer = Transfer.requested(new_id(), admission_id, of, origin, department_id, stamp, needs)
    await records.transfers.add(act, transfer)
    act.publish(happened(TransferEvent.REQUESTED, transfer.id, transfer, None))
    await save_placement(act, PlacementEvent.CHANGED, placement, placement.transferring(transfer.id, stamp))
    return Outcome(201, transfer.id)


@command
async def accept_transfer(
    act: UnitOfWork,
    caller: Caller,
    transfer_id: UUID,
    bed_id: UUID,
    minutes: int | None,
    override: str | None = None,
) -> Outcome:
    """Holds a bed of the receiving department beside the stay; `override` as for any hold.

    Raises `WrongTransferState`, `BedElsewhere`, `PlacementRuleFailed`.
    """
    placement, transfer = await _lock(act, transfer_id)
    POLICIES.allow(caller, Act.DECIDE_TRANSFER, transfer.department_id)
    if override is not None:
        POLICIES.allow(caller, Act.OVERRIDE_RULES, transfer.department_id)
    beds = await records.beds.lock_all(act, (bed_id, transfer.bed_id))
    stamp = await act.stamp(placement, transfer, *beds.values())
    act.demand.expect(transfer.tag(stamp.at))
    if beds[bed_id].department_id != transfer.department_id:
        raise BedElsewhere
    until = stamp.at + (HOLD if minutes is None else timedelta(minutes=minutes))
    hold_id = new_id()
    accepted = transfer.accepted(bed_id, hold_id, until, stamp)

    if (
        transfer.bed_id is not None and transfer.bed_id != bed_id
    ):  # of a hold that is over and was not swept yet
        await give_up_hold(act, transfer, beds[transfer.bed_id], stamp)
    bound = bound_for(transfer.department_id, placement, transfer)
    await keep_bed(act, beds[bed_id], bound, hold_id, until, stamp, override)
    await save_transfer(act, TransferEvent.ACCEPTED, transfer, accepted)
    return Outcome(200, transfer_id)


@command
async def decline_transfer(act: UnitOfWork, caller: Caller, transfer_id: UUID, reason_code: str) -> Outcome:
    """The receiving department cannot take the patient, also after it had accepted. Raises `WrongTransferState`."""
    placement, transfer = await _lock(act, transfer_id)
    POLICIES.allow(caller, Act.DECIDE_TRANSFER, transfer.department_id)
    return await _end(act, placement, transfer, TransferEvent.DECLINED, Transfer.declined, reason_code)


@command
async def cancel_transfer(act: UnitOfWork, caller: Caller, transfer_id: UUID, reason_code: str) -> Outcome:
    """The patient is not to be transferred after all. Raises `WrongTransferState`."""
    placement, transfer = await _lock(act, transfer_id)
    POLICIES.allow(caller, Act.REQUEST_TRANSFER, placement.department_id or transfer.from_department_id)
    return await _end(act, placement, transfer, TransferEvent.CANCELLED, Transfer.cancelled, reason_code)


async def sweep_expired_transfer(act: UnitOfWork) -> bool:
    """Records that the hold of one transfer is over: requested again. Reads compare for themselves."""
    placement = await records.lock_placement_of_expired_transfer(act)
    transfer = await lock_pending(act, placement) if placement is not None else None
    if transfer is None or transfer.bed_id is None:
        return False
    bed = await records.beds.lock(act, transfer.bed_id)
    stamp = await act.stamp(transfer, bed)
    if transfer.settled(stamp.at) is transfer:
        return False  # accepted anew after it was found: an acceptance does not change the placement
    await give_up_hold(act, transfer, bed, stamp)
    await save_transfer(act, TransferEvent.REQUESTED, transfer, transfer.unheld(stamp))
    return True


async def _end(
    act: UnitOfWork,
    placement: Placement,
    transfer: Transfer,
    what: TransferEvent,
    decide: Callable[[Transfer, str, Stamp], Transfer],
    reason_code: str,
) -> Outcome:
    beds: dict[UUID, Bed] = await records.beds.lock_all(act, (transfer.bed_id if transfer.hold_id else None,))
    stamp = await act.stamp(placement, transfer, *beds.values())
    act.demand.expect(transfer.tag(stamp.at))
    ended = decide(transfer, reason_code, stamp)

    for bed in beds.values():
        await give_up_hold(act, transfer, bed, stamp)
    await save_transfer(act, what, transfer, ended)
    await save_placement(act, PlacementEvent.CHANGED, placement, placement.transferring(None, stamp))
    return Outcome(200, transfer.id)


async def _lock(act: UnitOfWork, transfer_id: UUID) -> tuple[Placement, Transfer]:
    admission_id = await act.value(ADMISSION_OF_TRANSFER, of_transfer=transfer_id)
    if admission_id is None:
        raise NotFound
    placement = await records.placements.lock(act, admission_id)
    return placement, await records.transfers.lock(act, transfer_id)
