"""What happens to a transfer beside the movements that end it: its hold is given up, its end is recorded."""

from uuid import UUID

from beds import records
from beds.domain.bed import Bed
from beds.domain.transfer import Transfer, TransferState
from beds.events import BedEvent, TransferEvent, happened
from beds.handlers.recording import save_bed
from common.db import UnitOfWork
from common.stamp import Stamp

_TOLD = {
    TransferState.REQUESTED: TransferEvent.REQUESTED,
    TransferState.ACCEPTED: TransferEvent.ACCEPTED,
    TransferState.DECLINED: TransferEvent.DECLINED,
    TransferState.CANCELLED: TransferEvent.CANCELLED,
    TransferState.COMPLETED: TransferEvent.COMPLETED,
}


async def save_transfer(act: UnitOfWork, before: Transfer | None, after: Transfer) -> None:
    """One step of a transfer and its event; `before` is None for the first."""
    if before is None:
        await records.transfers.add(act, after)
    else:
        await records.transfers.save(act, after)
    act.publish(happened(_TOLD[after.state], after.id, after, before))


async def give_up_transfer_hold(act: UnitOfWork, transfer: Transfer, bed: Bed | None, stamp: Stamp) -> None:
    """The hold beside the stay ends; `bed` is the one that it held, free again unless somebody else has it since."""
    if bed is None or transfer.hold_id is None:
        return
    await records.end_hold(act, transfer.admission_id, stamp)
    if bed.hold_id == transfer.hold_id:
        expired = transfer.settled(stamp.at) is not transfer
        await save_bed(act, BedEvent.HOLD_EXPIRED if expired else BedEvent.RELEASED, bed, bed.released(stamp))


async def end_transfer(
    act: UnitOfWork, transfer: Transfer | None, locked: dict[UUID, Bed], stamp: Stamp, reason_code: str
) -> None:
    """The patient is not here any more, and so is not transferred. `locked` has the bed that was held."""
    if transfer is not None:
        await give_up_transfer_hold(act, transfer, _held(transfer, locked), stamp)
        await save_transfer(act, transfer, transfer.ended("cancel", stamp, reason_code))


async def complete_transfer(
    act: UnitOfWork, transfer: Transfer | None, locked: dict[UUID, Bed], taken: Bed, stamp: Stamp
) -> None:
    """The patient is in `taken` now: if that is where he was to go, the transfer is done."""
    if transfer is not None and taken.department_id == transfer.department_id:
        held = _held(transfer, locked)
        if held is not None and held.id != taken.id:
            await give_up_transfer_hold(act, transfer, held, stamp)
        await save_transfer(act, transfer, transfer.ended("complete", stamp))


def held_bed(transfer: Transfer | None) -> UUID | None:
    """The bed to be locked with those of a movement."""
    return transfer.bed_id if transfer else None


def _held(transfer: Transfer, locked: dict[UUID, Bed]) -> Bed | None:
    return None if transfer.bed_id is None else locked[transfer.bed_id]
