"""REST: reading the log. Reading it is an access event, committed before the answer, and so an entry of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from audit.events import SERVICE, LogAccess
from audit.policies import POLICIES
from audit.queries import ENTRY, entries
from audit.schemas import Entry, Wanting, shown
from common.access import Access
from common.bodies import Route
from common.errors import NotFound
from common.paging import Paged
from common.process import Running
from common.web import Calling, json_answer, list_answer, shows, shows_list

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=Route)


@router.get("/entries", responses=shows_list(Entry))
async def list_entries(
    request: Request, process: Running, caller: Calling, wanted: Wanting, page: Paged
) -> Response:
    """The entries that match, newest first."""
    POLICIES.allow(caller, "audit_entries")
    listing = entries(frozenset(wanted.filters))
    rows, after = await listing.read(process.database.read, page, **wanted.filters)
    access = Access(caller.session_id, "audit_entries", wanted.patients)
    filters = tuple(sorted((name, str(value)) for name, value in wanted.filters.items()))
    await process.looks.note(process.database, SERVICE, LogAccess.SEARCH, access, at=filters)
    return list_answer(request, [shown(row) for row in rows], after)


@router.get("/entries/{index}", responses=shows(Entry))
async def read_entry(
    request: Request, process: Running, caller: Calling, index: Annotated[int, Path(ge=0, lt=2**63)]
) -> Response:
    """One entry by its index in the log."""
    POLICIES.allow(caller, "audit_entry")
    row = await process.database.read.first(ENTRY, at=index)
    if row is None:
        raise NotFound
    subjects = () if row["patient_id"] is None else (row["patient_id"],)
    access = Access(caller.session_id, f"audit_entry/{index}", subjects)
    await process.looks.note(process.database, SERVICE, LogAccess.ENTRY_READ, access, at=index)
    return json_answer(request, shown(dict(row)))
