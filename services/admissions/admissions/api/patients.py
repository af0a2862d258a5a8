"""Patients. Persons are searched by POST, and every look at one is an access event before the answer leaves."""

from collections.abc import Hashable
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from admissions.domain.patient import Identity, PatientErased
from admissions.events import PersonAccess
from admissions.handlers.erasure import erase_patient
from admissions.handlers.patients import correct_patient, register_patient
from admissions.identities import Identities
from admissions.policies import POLICIES, Act
from admissions.queries import BY_MRN, BY_NAME_AND_BIRTH, CURRENT_IDENTITY, ERASED, IDENTITIES, NAMES
from admissions.rotation import identities
from admissions.schemas import (
    ErasedPatientView,
    Erasure,
    IdentityView,
    NamesRequest,
    NamesView,
    NewPatient,
    PatientChange,
    PatientSearch,
    PatientView,
)
from common.access import Access
from common.auth import Caller
from common.bodies import Route
from common.errors import NotFound, NotYetKnown, Refusal
from common.idempotency import Outcome
from common.process import Process, Running
from common.stamp import version_tag
from common.web import Calling, Demanding, json_answer, list_answer, location, shows, shows_list

router = APIRouter(prefix="/v1/patients", tags=["patients"], route_class=Route)

SERVICE = "admissions"


async def identities_of(running: Running) -> Identities:
    """Raises `NotYetKnown` at first: a restored database knows identities that have been erased since."""
    if not running.is_caught_up():
        raise NotYetKnown
    return identities(running)


Sealing = Annotated[Identities, Depends(identities_of)]


@router.post("", status_code=201, responses=shows(PatientView, 201))
async def register(
    request: Request, running: Running, caller: Calling, demand: Demanding, sealing: Sealing, new: NewPatient
) -> Response:
    identity = Identity(new.mrn, new.name, new.date_of_birth, new.sex, new.contact)
    outcome = await register_patient(
        running.database,
        demand,
        caller,
        sealing,
        identity,
        unidentified=new.unidentified,
        privacy=new.privacy,
        mother_id=new.mother_id,
    )
    return await _show(request, running, caller, sealing, Act.KEEP_PATIENTS, outcome)


@router.patch("/{patient_id}", responses=shows(PatientView))
async def correct(
    request: Request,
    running: Running,
    caller: Calling,
    demand: Demanding,
    sealing: Sealing,
    patient_id: UUID,
    change: PatientChange,
) -> Response:
    """Corrects what is sent. With a record number and a name, an unidentified patient is identified for good."""
    named = {name: getattr(change, name) for name in change.model_fields_set - {"privacy", "mother_id"}}
    outcome = await correct_patient(
        running.database,
        demand,
        caller,
        sealing,
        patient_id,
        named,
        privacy=change.privacy,
        mother_id=change.mother_id if "mother_id" in change.model_fields_set else ...,
    )
    return await _show(request, running, caller, sealing, Act.KEEP_PATIENTS, outcome)


@router.post("/{patient_id}/erasure", responses=shows(ErasedPatientView))
async def erase(
    request: Request, running: Running, caller: Calling, demand: Demanding, patient_id: UUID, erasure: Erasure
) -> Response:
    """Destroys the identity for good; the id, its admissions and what was done stay. The body repeats the id."""
    outcome = await erase_patient(
        running.database, demand, caller, patient_id, erasure.patient_id, erasure.reason_code
    )
    row = await running.database.read.first(ERASED, of_id=outcome.resource)
    assert row is not None
    return json_answer(request, dict(row), status=outcome.status, tag=version_tag(row["version"]))


@router.get("/{patient_id}", responses=shows(PatientView))
async def read(
    request: Request, running: Running, caller: Calling, sealing: Sealing, patient_id: UUID
) -> Response:
    """A read also where the answer is 304: the caller looks at the copy that it has."""
    POLICIES.allow(caller, Act.FIND_PATIENTS)
    return await _show(request, running, caller, sealing, Act.FIND_PATIENTS, Outcome(200, patient_id))


@router.get("/{patient_id}/history", responses=shows_list(IdentityView))
async def read_history(
    request: Request, running: Running, caller: Calling, sealing: Sealing, patient_id: UUID
) -> Response:
    """Who the person was taken for, and by whom, from the first registration on: corrections keep what was."""
    POLICIES.allow(caller, Act.READ_IDENTITIES)
    rows = await running.database.read.all(IDENTITIES, of_id=patient_id)
    if not rows:
        raise await _nobody(running, patient_id)
    await _note(running, caller, PersonAccess.PERSON_READ, Act.READ_IDENTITIES, [patient_id])
    shown = ("version", "changed_at", "changed_by")
    versions = [{name: row[name] for name in shown} | asdict(sealing.open(row)) for row in rows]
    return list_answer(request, versions, None)


@router.post("/search", responses=shows_list(PatientView))
async def search(
    request: Request, running: Running, caller: Calling, sealing: Sealing, wanted: PatientSearch
) -> Response:
    """By record number, or by name and date of birth. Both are compared without regard to case and spacing."""
    POLICIES.allow(caller, Act.FIND_PATIENTS)
    if wanted.mrn is not None:
        digests = sealing.mrn_digests(wanted.mrn)
        rows = await running.database.read.all(BY_MRN, digests=digests)
    else:
        assert wanted.name is not None  # the schema has checked
        assert wanted.date_of_birth is not None
        digests = sealing.name_birth_digests(wanted.name, wanted.date_of_birth)
        rows = await running.database.read.all(BY_NAME_AND_BIRTH, digests=digests)
    found = [row["id"] for row in rows]
    await _note(running, caller, PersonAccess.SEARCH, Act.FIND_PATIENTS, found, asked=digests[0])
    return list_answer(request, [_view(sealing, row) for row in rows], None)


@router.post("/names", responses=shows(NamesView))
async def names(
    request: Request, running: Running, caller: Calling, sealing: Sealing, wanted: NamesRequest
) -> Response:
    """The names that this viewer may see, for boards; null for the others."""
    departments = POLICIES.departments(caller, Act.READ_NAMES)
    rows = await running.database.read.all(
        NAMES, ids=wanted.ids, departments=None if departments is None else list(departments)
    )
    shown = sorted({row[name] for row in rows for name in ("asked", "id")})
    await _note(running, caller, PersonAccess.NAMES_READ, Act.READ_NAMES, shown)
    seen = {str(row["asked"]): sealing.open_name(row) for row in rows}
    return json_answer(request, {"names": {str(one): seen.get(str(one)) for one in wanted.ids}})


async def _note(
    running: Process,
    caller: Caller,
    what: PersonAccess,
    act: Act,
    subjects: list[UUID],
    asked: Hashable = None,
) -> None:
    """`asked` keeps searches apart that find the same; it stays in memory, the event has the ids of the found only."""
    access = Access(caller.session_id, act, subjects)
    await running.looks.note(running.database, SERVICE, what, access, at=(asked, frozenset(subjects)))


async def _show(
    request: Request, running: Process, caller: Caller, sealing: Identities, act: Act, outcome: Outcome
) -> Response:
    """The record as it is now, which is a read of the person whatever the act was."""
    patient_id = outcome.resource
    row = await running.database.read.first(CURRENT_IDENTITY, of_id=patient_id)
    if row is None:
        raise await _nobody(running, patient_id)
    await _note(running, caller, PersonAccess.PERSON_READ, act, [patient_id])
    headers = location("/v1/patients", patient_id) if outcome.status == 201 else {}
    return json_answer(
        request, _view(sealing, row), status=outcome.status, tag=version_tag(row["version"]), headers=headers
    )


async def _nobody(running: Process, patient_id: UUID) -> Refusal:
    """Why there is no identity under this id."""
    erased = await running.database.read.first(ERASED, of_id=patient_id)
    if erased is None:
        return NotFound()
    return PatientErased(patient_id=patient_id, erased_at=erased["erased_at"])


def _view(sealing: Identities, row: Any) -> dict[str, Any]:
    shown = (
        "id",
        "unidentified",
        "privacy",
        "mother_id",
        "merged_into",
        "version",
        "changed_at",
        "changed_by",
    )
    return {name: row[name] for name in shown} | asdict(sealing.open(row))
