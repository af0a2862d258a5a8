"""What the use cases load under lock and save.

Lock order in every act: department, placements by id, their transfers and reservations, beds by id, room, cleaning job.
An offer is locked by its placement.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array, distinct_on

from beds.domain.bed import Bed
from beds.domain.cleaning import OPEN, CleaningJob
from beds.domain.layout import Department, Room
from beds.domain.placement import Placement, PlacementState, Priority, UnknownPlacement, Unplaced, Want
from beds.domain.rules import Needs
from beds.domain.targets import Target, Targets
from beds.domain.transfer import Transfer, TransferState
from beds.models import (
    bed,
    cleaning_job,
    cleaning_target,
    department,
    placement,
    room,
    transfer,
)
from beds.records.free import is_free
from common.aggregates import Aggregates
from common.columns import Moment
from common.db import UnitOfWork
from common.statements import Statement, constant


def read_want(stored: dict[str, Any]) -> Want:
    bed_id = stored["bed_id"]
    return Want(
        department_id=UUID(stored["department_id"]),
        bed_id=UUID(bed_id) if bed_id else None,
        priority=Priority(stored["priority"]),
        needs=Needs.read(stored["needs"]),
        ready=stored["ready"],
        requested_at=datetime.fromisoformat(stored["requested_at"]),
    )


departments = Aggregates(Department, department)
rooms = Aggregates(Room, room)
beds = Aggregates(Bed, bed, readers={"equipment": tuple, "overridden": tuple})
placements = Aggregates(
    Placement,
    placement,
    key="admission_id",
    readers={"want": read_want, "needs": Needs.read},
    unknown=UnknownPlacement,
)
transfers = Aggregates(Transfer, transfer, readers={"needs": Needs.read, "needs_before": Needs.read})
cleaning_jobs = Aggregates(
    CleaningJob,
    cleaning_job,
    readers={"targets": lambda stored: Targets(**stored), "cleaned_by": tuple, "missed": tuple},
)


_OPEN_JOB = Statement(
    sa.select(*cleaning_job.c)
    .where(
        cleaning_job.c.bed_id == sa.bindparam("of_bed"),
        cleaning_job.c.state.in_([constant(word) for word in OPEN]),
    )
    .with_for_update(key_share=True)
)


async def lock_open_job(act: UnitOfWork, bed_id: UUID) -> CleaningJob | None:
    """The open cleaning job of a bed that is locked already."""
    row = await act.first(_OPEN_JOB, of_bed=bed_id)
    return None if row is None else cleaning_jobs.read(row)


_LAST_COMPLETED_TRANSFER = Statement(
    sa.select(*transfer.c)
    .where(
        transfer.c.admission_id == sa.bindparam("of_admission"),
        transfer.c.state == constant(TransferState.COMPLETED),
    )
    .order_by(transfer.c.changed_at.desc())
    .limit(sa.literal_column("1"))
)


async def last_completed_transfer(act: UnitOfWork, admission_id: UUID) -> Transfer | None:
    """That of an admission whose placement is locked; nothing changes it any more."""
    row = await act.first(_LAST_COMPLETED_TRANSFER, of_admission=admission_id)
    return None if row is None else transfers.read(row)


_EXPIRED_TRANSFER = Statement(
    sa.select(*placement.c)
    .select_from(placement.join(transfer, transfer.c.id == placement.c.transfer_id))
    .where(
        transfer.c.state == constant(TransferState.ACCEPTED),
        transfer.c.held_until <= sa.func.clock_timestamp(),
    )
    .order_by(transfer.c.held_until)
    .limit(sa.literal_column("1"))
    .with_for_update(of=placement, key_share=True, skip_locked=True)
)


async def lock_placement_of_expired_transfer(act: UnitOfWork) -> Placement | None:
    """Whose patient has a transfer with a hold that is past its end and not yet swept."""
    row = await act.first(_EXPIRED_TRANSFER)
    return None if row is None else placements.read(row)


_DUE_JOB = Statement(
    sa.select(*cleaning_job.c)
    .where(cleaning_job.c.due_at <= sa.func.clock_timestamp())
    .order_by(cleaning_job.c.due_at)
    .limit(sa.literal_column("1"))
    .with_for_update(key_share=True, skip_locked=True)
)


async def lock_due_job(act: UnitOfWork) -> CleaningJob | None:
    """A cleaning job that misses a target by the clock, not yet told of."""
    row = await act.first(_DUE_JOB)
    return None if row is None else cleaning_jobs.read(row)


_TARGETS = Statement(
    sa.select(cleaning_target.c.target, cleaning_target.c.minutes)
    .ext(distinct_on(cleaning_target.c.target))
    .where(cleaning_target.c.effective_from <= sa.bindparam("at"))
    .order_by(cleaning_target.c.target, cleaning_target.c.effective_from.desc())
)


async def targets_at(act: UnitOfWork, at: datetime) -> Targets:
    """The limits that are in force at this moment."""
    minutes = {Target(row["target"]).value: row["minutes"] for row in await act.all(_TARGETS, at=at)}
    return Targets(**minutes)


_now: sa.BindParameter[Any] = sa.bindparam("now", type_=sa.DateTime(timezone=True))
_FREE = sa.select(*bed.c).where(bed.c.id == sa.bindparam("of_bed"), is_free(_now))
_LOCK_FREE = Statement(_FREE.with_for_update(key_share=True, skip_locked=True))
_WAIT_FREE = Statement(_FREE.with_for_update(key_share=True))


async def lock_free_bed(act: UnitOfWork, bed_id: UUID, now: datetime, *, waiting: bool) -> Bed | None:
    """This bed, locked, if it is free; None too when somebody is busy with it, unless `waiting` for that."""
    row = await act.first(_WAIT_FREE if waiting else _LOCK_FREE, of_bed=bed_id, now=now)
    return None if row is None else beds.read(row)


_rank = sa.func.array_position(
    array([constant(word) for word in Priority]), placement.c.want["priority"].astext
)
#: When a bed was wanted, also where a hold or an offer came and went in between.
WANTED_AT = sa.func.coalesce(sa.cast(placement.c.want["requested_at"].astext, Moment), placement.c.since)
#: Who goes first: the most urgent, then who has waited longest.
QUEUE_ORDER = (_rank, WANTED_AT, placement.c.admission_id)
WAITS_BY_ITSELF = sa.and_(
    placement.c.state == constant(PlacementState.QUEUED),
    placement.c.refusal == constant(Unplaced.NO_BED),
    placement.c.reservation_id.is_(None),  # who has one waits for that
)
_QUEUE = Statement(
    sa.select(*placement.c)
    .where(
        WAITS_BY_ITSELF,
        sa.exists().where(
            bed.c.department_id == placement.c.department_id,
            is_free(_now),
            sa.or_(
                placement.c.want["bed_id"].astext.is_(None),
                sa.cast(bed.c.id, sa.Text) == placement.c.want["bed_id"].astext,
            ),
        ),
    )
    .order_by(*QUEUE_ORDER)
)
_LOCK_WAITING = Statement(
    sa.select(*placement.c)
    .where(placement.c.admission_id == sa.bindparam("of_admission"), WAITS_BY_ITSELF)
    .with_for_update(key_share=True, skip_locked=True)
)


async def queue(act: UnitOfWork, now: datetime) -> list[Placement]:
    """Those for whom a bed is free, suiting or not, in their order: most urgent, then longest wait. Not locked."""
    return [placements.read(row) for row in await act.all(_QUEUE, now=now)]


async def lock_waiting(act: UnitOfWork, admission_id: UUID) -> Placement | None:
    """The placement, locked, if it still waits and nobody is busy with it."""
    row = await act.first(_LOCK_WAITING, of_admission=admission_id)
    return None if row is None else placements.read(row)


_EXPIRED = Statement(
    sa.select(*placement.c)
    .where(
        placement.c.state == constant(PlacementState.HELD),
        placement.c.held_until <= sa.func.clock_timestamp(),
    )
    .order_by(placement.c.held_until)
    .limit(sa.literal_column("1"))
    .with_for_update(key_share=True, skip_locked=True)
)


async def lock_expired(act: UnitOfWork) -> Placement | None:
    """A placement whose hold is past its end and not yet swept."""
    row = await act.first(_EXPIRED)
    return None if row is None else placements.read(row)
