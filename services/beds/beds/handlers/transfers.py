"""Transfers: asked for by the ward where the patient is, decided by the one that is to receive him (domain §2)."""

from uuid import UUID

from beds import records
from beds.domain.bed import HOLD
from beds.domain.layout import DepartmentState
from beds.domain.placement import Placement
from beds.domain.transfer import NoSuchDepartment, Transfer, TransferState
from beds.events import BedEvent
from beds.handlers.recording import save_bed
from beds.handlers.transferring import give_up_transfer_hold, held_bed, save_transfer
from beds.policies import POLICIES, Act
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import NotFound
from common.idempotency import Outcome
from common.ids import new_id


@command
async def request_transfer(
    act: UnitOfWork, caller: Caller, admission_id: UUID, department_id: UUID
) -> Outcome:
    """One at a time. Raises `NotInABed`, `SameDepartment`, `NoSuchDepartment`, `TransferPending`."""
    receiving = await records.departments.find(act, department_id)
    placement = await records.placements.lock(act, admission_id)
    POLICIES.allow(caller, Act.REQUEST_TRANSFER, placement.department_id)
    if receiving is None or receiving.state is not DepartmentState.OPEN:
        raise NoSuchDepartment
    stamp = await act.stamp(placement)
    act.demand.expect(placement.tag(stamp.at))
    transfer = Transfer.requested(new_id(), placement, department_id, stamp)
    await save_transfer(act, None, transfer)
    return Outcome(201, transfer.id)


@command
async def accept_transfer(act: UnitOfWork, caller: Caller, transfer_id: UUID, bed_id: UUID) -> Outcome:
    """A bed is held beside the stay for half an hour. Raises `WrongTransferState`, `BedElsewhere`, `BedTaken`, …"""
    placement, transfer = await _locked(act, transfer_id)
    POLICIES.allow(caller, Act.DECIDE_TRANSFER, transfer.department_id)
    locked = await records.beds.lock_all(act, (bed_id, held_bed(transfer)))
    bed = locked[bed_id]
    stamp = await act.stamp(placement, transfer, *locked.values())
    act.demand.expect(transfer.tag(stamp.at))
    hold_id, until = new_id(), stamp.at + HOLD
    accepted = transfer.settled(stamp.at).accepted(bed, hold_id, until, stamp)
    held = bed.held(hold_id, transfer.admission_id, transfer.patient_id, until, stamp)

    if transfer.bed_id is not None and transfer.bed_id != bed_id:
        await give_up_transfer_hold(act, transfer, locked[transfer.bed_id], stamp)
    await records.add_hold(act, held)
    await save_bed(act, BedEvent.HELD, bed, held)
    await save_transfer(act, transfer, accepted)
    return Outcome(200, transfer_id)


@command
async def decline_transfer(act: UnitOfWork, caller: Caller, transfer_id: UUID, reason_code: str) -> Outcome:
    """The receiving department cannot take the patient. Raises `WrongTransferState`."""
    placement, transfer = await _locked(act, transfer_id)
    POLICIES.allow(caller, Act.DECIDE_TRANSFER, transfer.department_id)
    return await _end(act, placement, transfer, "decline", reason_code)


@command
async def cancel_transfer(act: UnitOfWork, caller: Caller, transfer_id: UUID, reason_code: str) -> Outcome:
    """The patient stays after all. Raises `WrongTransferState`."""
    placement, transfer = await _locked(act, transfer_id)
    POLICIES.allow(caller, Act.REQUEST_TRANSFER, transfer.from_department_id)
    return await _end(act, placement, transfer, "cancel", reason_code)


async def sweep_expired_transfer(act: UnitOfWork) -> bool:
    """Records the end of one transfer's hold that the clock has ended. Nothing depends on it."""
    expired = await act.value(records.EXPIRED_TRANSFER)
    if expired is None:
        return False
    placement, transfer = await _locked(act, expired)
    locked = await records.beds.lock_all(act, (held_bed(transfer),))
    stamp = await act.stamp(placement, transfer, *locked.values())
    if transfer.state is TransferState.ACCEPTED and transfer.settled(stamp.at) is not transfer:
        for bed in locked.values():
            await give_up_transfer_hold(act, transfer, bed, stamp)
        await save_transfer(act, transfer, transfer.expired(stamp))
    return True


async def _locked(act: UnitOfWork, transfer_id: UUID) -> tuple[Placement, Transfer]:
    """The placement before its transfer, as everywhere."""
    admission_id = await act.value(records.ADMISSION_OF_TRANSFER, of_transfer=transfer_id)
    if admission_id is None:
        raise NotFound
    return await records.placements.lock(act, admission_id), await records.transfers.lock(act, transfer_id)


async def _end(
    act: UnitOfWork, placement: Placement, transfer: Transfer, step: str, reason_code: str
) -> Outcome:
    locked = await records.beds.lock_all(act, (held_bed(transfer),))
    stamp = await act.stamp(placement, transfer, *locked.values())
    act.demand.expect(transfer.tag(stamp.at))
    ended = transfer.ended(step, stamp, reason_code)
    for bed in locked.values():
        await give_up_transfer_hold(act, transfer, bed, stamp)
    await save_transfer(act, transfer, ended)
    return Outcome(200, transfer.id)
