"""Arrival, departure and move: facts about where a patient is (domain §2, *Commands on presence*)."""

from datetime import datetime
from uuid import UUID

from beds import records
from beds.domain.cleaning import CleaningType
from beds.domain.movement import MovementKind
from beds.domain.placement import (
    HERE,
    NotInABed,
    Placement,
    PlacementState,
    UnknownDepartureReason,
    check_reported,
)
from beds.domain.transfer import Transfer
from beds.events import Occurred, PlacementEvent
from beds.handlers.recording import give_up_hold, occupy, save_placement, vacate
from beds.handlers.reserving import lock_reservation, reserved_bed, use_reservation
from beds.handlers.together import Way, bring, bring_newborns, lock_going
from beds.handlers.transferring import (
    bound_for,
    end_transfer,
    held_there,
    leads_to,
    lock_pending,
)
from beds.policies import POLICIES, Act
from beds.queries import DEPARTURE_REASONS
from beds.records import movements
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import Forbidden
from common.idempotency import Outcome
from common.stamp import Stamp


@command
async def confirm_arrival(
    act: UnitOfWork,
    caller: Caller,
    admission_id: UUID,
    named_bed: UUID | None,
    occurred_at: datetime | None = None,
    override: str | None = None,
) -> Outcome:
    """The patient is in the held or reserved bed, or directly in a free one that is named; since when the ward says.

    `override` is the reason for which overridable placement rules need not be kept.
    """
    placement = await records.placements.lock(act, admission_id)
    reservation = await lock_reservation(act, placement)
    locked = await records.beds.lock_all(act, (named_bed, placement.bed_id, reserved_bed(reservation)))
    POLICIES.allow(caller, Act.MOVE_IN_OR_OUT, placement.department_id)
    stamp = await act.stamp(placement, reservation, *locked.values())
    act.demand.expect(placement.tag(stamp.at))
    reserved = reservation.bed_id if reservation is not None and reservation.is_live(stamp.at) else None
    bed = locked[placement.settled(stamp.at).bed_for_arrival(named_bed, reserved)]
    POLICIES.allow(caller, Act.MOVE_IN_OR_OUT, bed.department_id)
    if override is not None:
        POLICIES.allow(caller, Act.OVERRIDE_RULES, bed.department_id)
    await _check_reported(act, placement, occurred_at, stamp)

    if placement.state is PlacementState.HELD and placement.bed_id not in (None, bed.id):
        await give_up_hold(act, placement, locked[placement.bed_id], stamp)
    await use_reservation(act, reservation, bed.id, stamp)
    await occupy(act, bed, placement, stamp, override)
    arrived = placement.arrived(bed.id, bed.department_id, stamp)
    await save_placement(act, PlacementEvent.ARRIVED, placement, arrived, Occurred(occurred_at or stamp.at))
    await movements.add_movement(
        act, MovementKind.ARRIVAL, admission_id, stamp, to_bed_id=bed.id, occurred_at=occurred_at
    )
    return Outcome(201, admission_id)


@command
async def record_departure(
    act: UnitOfWork, caller: Caller, admission_id: UUID, reason_code: str, occurred_at: datetime | None
) -> Outcome:
    """The patient has left: the bed is dirty and gets a cleaning job, whose targets count from then."""
    placement = await records.placements.lock(act, admission_id)
    transfer = await lock_pending(act, placement)
    left_bed = placement.bed_id if placement.state in HERE else None
    locked = await records.beds.lock_all(act, (left_bed, held_there(transfer)))
    POLICIES.allow(caller, Act.MOVE_IN_OR_OUT, placement.department_id)
    stamp = await act.stamp(placement, transfer, *locked.values())
    act.demand.expect(placement.tag(stamp.at))
    left = placement.departed(reason_code, stamp)
    known = [row["code"] for row in await act.all(DEPARTURE_REASONS)]
    if reason_code not in known:
        raise UnknownDepartureReason(known)
    await _check_reported(act, placement, occurred_at, stamp)

    if left_bed is not None:
        await vacate(act, locked[left_bed], stamp, CleaningType.DISCHARGE, since=occurred_at)
    await end_transfer(act, transfer, "departed", locked, stamp)
    await save_placement(act, PlacementEvent.DEPARTED, placement, left, Occurred(occurred_at or stamp.at))
    await movements.add_movement(
        act,
        MovementKind.DEPARTURE,
        admission_id,
        stamp,
        from_bed_id=placement.bed_id,
        occurred_at=occurred_at,
        reason_code=reason_code,
    )
    return Outcome(200, admission_id)


@command
async def move_patient(
    act: UnitOfWork, caller: Caller, admission_id: UUID, to_bed: UUID, override: str | None = None
) -> Outcome:
    """The patient is in another bed now, and the old one is dirty. In another department a transfer is completed.

    Newborns in the cots of the bed go along. Raises `NotInABed`, `AlreadyThere`, `TransferNeeded`, `NoCotThere`.
    """
    going = await lock_going(act, admission_id)
    placement, transfer = going.placement, going.transfer
    _check_has_to_do_with_it(caller, placement, transfer)
    if placement.state is not PlacementState.IN_BED or placement.bed_id is None:
        raise NotInABed(**placement.facts())
    locked = await going.lock_beds(act, placement.bed_id, to_bed)
    old, new = locked[placement.bed_id], locked[to_bed]
    stamp = await going.stamp(act, locked)
    act.demand.expect(placement.tag(stamp.at))
    bound = bound_for(new.department_id, placement, transfer)
    moved = bound.moved(new.id, new.department_id, stamp, leads_to(transfer))
    was_accepted = transfer is not None and transfer.holds(new.id, stamp.at)
    if not was_accepted:  # else either side may bring it about
        POLICIES.allow(caller, Act.MOVE_WITHIN, new.department_id)
    if override is not None:
        POLICIES.allow(caller, Act.OVERRIDE_RULES, new.department_id)

    way = Way(old, new, locked, stamp, override, along=going.along)
    await bring(act, placement, moved, transfer, way)
    await bring_newborns(act, going, way)
    return Outcome(201, admission_id)


async def _check_reported(
    act: UnitOfWork, placement: Placement, occurred_at: datetime | None, stamp: Stamp
) -> None:
    """Against the last movement of the patient as it was reported, which may be long before it was recorded."""
    if occurred_at is not None:
        check_reported(occurred_at, await movements.last_movement(act, placement.patient_id), stamp.at)


def _check_has_to_do_with_it(caller: Caller, placement: Placement, transfer: Transfer | None) -> None:
    """Somebody of the patient's department, or of the one that a transfer leads to. Raises `Forbidden`."""
    departments = POLICIES.departments(caller, Act.MOVE_WITHIN)
    if departments is not None and departments.isdisjoint({placement.department_id, leads_to(transfer)}):
        raise Forbidden(act=Act.MOVE_WITHIN)
