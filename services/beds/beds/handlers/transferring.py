"""What becomes of a pending transfer when its patient goes somewhere: completed, ended, or left as it is."""

from uuid import UUID

from beds import records
from beds.domain.bed import Bed
from beds.domain.placement import Placement
from beds.domain.transfer import Transfer
from beds.events import TransferEvent, happened
from beds.handlers.recording import give_up_hold
from beds.records.movements import Moved
from common.db import UnitOfWork
from common.stamp import Stamp


async def lock_pending(act: UnitOfWork, placement: Placement) -> Transfer | None:
    """The pending transfer of a locked placement, locked too: after the placement, before any bed."""
    return None if placement.transfer_id is None else await records.transfers.lock(act, placement.transfer_id)


def leads_to(transfer: Transfer | None) -> UUID | None:
    return None if transfer is None else transfer.department_id


def held_there(transfer: Transfer | None) -> UUID | None:
    """The bed that is held for the transfer, the hold expired or not: to be locked with the others."""
    return None if transfer is None else transfer.bed_id


def bound_for(department_id: UUID, placement: Placement, transfer: Transfer | None) -> Placement:
    """With what the transfer says that the patient needs in this department, where it leads to it and says so."""
    if transfer is None or transfer.needs is None or transfer.department_id != department_id:
        return placement
    return placement.needing(transfer.needs)


async def bound_back(
    act: UnitOfWork, placement: Placement, transfer: Transfer | None, mistaken: Moved | None, prior: Bed
) -> Placement:
    """As before the transfer that a mistaken move completed, unless something else was said of the needs since."""
    completed = await records.last_completed_transfer(act, placement.admission_id)
    if (
        completed is not None
        and mistaken is not None
        and (completed.changed_at, completed.needs) == (mistaken.moved_at, placement.needs)
        and completed.needs_before is not None
    ):
        placement = placement.needing(completed.needs_before)
    return bound_for(prior.department_id, placement, transfer)


async def save_transfer(act: UnitOfWork, what: TransferEvent, before: Transfer, after: Transfer) -> None:
    """One step of a transfer and its event."""
    await records.transfers.save(act, after)
    act.publish(happened(what, after.id, after, before))


async def complete_transfer(
    act: UnitOfWork,
    transfer: Transfer | None,
    before: Placement,
    taken: Bed,
    beds: dict[UUID, Bed],
    stamp: Stamp,
) -> None:
    """The patient is in this bed. In the receiving department a hold on another bed ends; elsewhere nothing changes.

    `before` is the placement until now. `beds` are locked.
    """
    if transfer is None or transfer.department_id != taken.department_id:
        return
    if transfer.bed_id is not None and transfer.bed_id != taken.id:
        await give_up_hold(act, transfer, beds[transfer.bed_id], stamp)
    await save_transfer(
        act, TransferEvent.COMPLETED, transfer, transfer.completed(taken.id, before.needs, stamp)
    )


async def end_transfer(
    act: UnitOfWork, transfer: Transfer | None, reason_code: str, beds: dict[UUID, Bed], stamp: Stamp
) -> None:
    """There is nobody to transfer any more: it is cancelled, and its hold ends. `beds` are locked."""
    if transfer is None:
        return
    if transfer.bed_id is not None:
        await give_up_hold(act, transfer, beds[transfer.bed_id], stamp)
    await save_transfer(act, TransferEvent.CANCELLED, transfer, transfer.cancelled(reason_code, stamp))
