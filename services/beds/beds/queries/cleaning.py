"""Cleaning jobs."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from beds import records
from beds.domain.cleaning import OPEN, CleaningPriority
from beds.models import (
    cleaning_job,
)
from beds.queries.filters import any_of
from common.paging import Listing, optional
from common.policies import within
from common.statements import Statement, constant

Row = Any
_clock = sa.func.clock_timestamp()

# Cleaning
_rank = sa.func.array_position(array([constant(word) for word in CleaningPriority]), cleaning_job.c.priority)
_waits_since = sa.cast(sa.extract("epoch", cleaning_job.c.requested_at) * 1_000_000, sa.BigInteger)
#: Most urgent first, then longest waiting, in one number: a rank before the microseconds.
_worklist = sa.cast(_rank, sa.BigInteger) * 10**16 + _waits_since
_is_open = cleaning_job.c.state.in_([constant(word) for word in OPEN])
_jobs = sa.select(*cleaning_job.c, _worklist.label("worklist"), _clock.label("read_at"))
CLEANING_JOBS = Listing(
    _jobs.where(
        within(cleaning_job.c.department_id),
        optional(cleaning_job.c.department_id, "department_id"),
        optional(cleaning_job.c.bed_id, "bed_id"),
        any_of(cleaning_job.c.state, "states"),
        optional(_is_open, "open"),
    ),
    key=cleaning_job.c.id,
    orders={"worklist": _worklist, "requested_at": cleaning_job.c.requested_at},
    default="worklist",
)


def cleaning_job_view(row: Row) -> dict[str, Any]:
    """A cleaning job as the API shows it: targets are missed by the clock, not by whether it was told."""
    view = dict(row)
    del view["worklist"]
    job = records.cleaning_jobs.read(row).settled(view.pop("read_at"))
    return view | {"missed": job.missed, "due_at": job.due_at}


def cleaning_job_tag(row: Row) -> str:
    return records.cleaning_jobs.read(row).tag(row["read_at"])


CLEANING_JOB = Statement(_jobs.where(cleaning_job.c.id == sa.bindparam("of_id")))
BED_OF_JOB = Statement(sa.select(cleaning_job.c.bed_id).where(cleaning_job.c.id == sa.bindparam("of_job")))
