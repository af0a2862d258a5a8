"""An admission that is not known here: not yet, while we are behind; not at all, once we have caught up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from beds.domain.placement import UnknownPlacement
from beds.handlers.holding import UnknownAdmission
from common.errors import NotYetKnown
from common.process import Process


@asynccontextmanager
async def known(running: Process, admission_id: UUID) -> AsyncIterator[None]:
    """Turns an unknown admission or placement into `NotYetKnown` while we may still hear of it from admissions."""
    try:
        yield
    except (UnknownAdmission, UnknownPlacement):
        if await running.may_hear_of(admission_id):
            raise NotYetKnown from None
        raise
