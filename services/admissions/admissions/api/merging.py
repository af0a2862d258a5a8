"""Records of one patient are merged. The answers show no person."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from admissions.handlers import merging
from admissions.queries import MERGE
from admissions.schemas import Merge, MergeView
from common.bodies import Route
from common.process import Running
from common.resources import Resource
from common.web import Calling, Demanding, shows

router = APIRouter(prefix="/v1/patients", tags=["patients"], route_class=Route)
SHOWN = Resource(MERGE)


@router.post("/{patient_id}/merge", responses=shows(MergeView))
async def merge(
    request: Request, running: Running, caller: Calling, demand: Demanding, patient_id: UUID, wanted: Merge
) -> Response:
    """This record is a duplicate: the other one is found and shown from now on. Both ids stay readable."""
    outcome = await merging.merge_patients(running.database, demand, caller, patient_id, wanted.into)
    return await SHOWN.settle(request, running.database.read, outcome)


@router.post("/{patient_id}/merge/undo", responses=shows(MergeView))
async def undo(
    request: Request, running: Running, caller: Calling, demand: Demanding, patient_id: UUID
) -> Response:
    """Two persons after all: the record counts again, with what was admitted under it."""
    outcome = await merging.undo_merge(running.database, demand, caller, patient_id)
    return await SHOWN.settle(request, running.database.read, outcome)
