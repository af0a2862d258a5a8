"""An admission that is not known here: not yet, while we are behind; not at all, once we have caught up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from beds.domain.placement import UnknownPlacement
from beds.handlers.holding import UnknownAdmission
from common.errors import NotYetKnown
from common.process import Process


@asynccontextmanager
async def known(running: Process) -> AsyncIterator[None]:
    """Turns an unknown admission or placement into `NotYetKnown` while records of admissions wait to be applied."""
    try:
        yield
    except (UnknownAdmission, UnknownPlacement):
        if await running.is_behind():
            raise NotYetKnown from None
        raise
