"""Two records of one person are merged, and that is undone where they were two persons (ADR 14)."""

from uuid import UUID

from admissions import records
from admissions.domain.admission import Admission
from admissions.domain.patient import Patient
from admissions.events import AdmissionEvent, PatientEvent, happened
from admissions.identities import carry
from admissions.policies import POLICIES, Act
from admissions.queries import ADMISSIONS_BELOW
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import FieldError, Invalid, NotFound
from common.idempotency import Outcome
from common.stamp import Stamp


@command
async def merge_patients(act: UnitOfWork, caller: Caller, patient_id: UUID, into: UUID) -> Outcome:
    """From now on the other record counts, for the admissions of this one as well.

    Raises `PatientMerged`, `PatientErased`, and `PatientAlreadyAdmitted` where both have an open admission.
    """
    POLICIES.allow(caller, Act.MERGE_PATIENTS)
    locked = {key: await records.patients.find(act, key) for key in sorted((patient_id, into))}
    duplicate, survivor = locked[patient_id], locked[into]
    if duplicate is None:
        raise NotFound
    if into == patient_id:
        raise _unfit("itself", "another patient")
    if survivor is None:
        raise _unfit("unknown", "no such patient")
    admissions = await _lock_admissions(act, patient_id)
    stamp = await act.stamp(duplicate, survivor, *admissions)
    act.demand.expect(duplicate.tag())
    merged = duplicate.merged(survivor, stamp)
    await _save(act, PatientEvent.MERGED, duplicate, merged)
    await _count(act, admissions, survivor.id, stamp)
    return Outcome(200, patient_id)


@command
async def undo_merge(act: UnitOfWork, caller: Caller, patient_id: UUID) -> Outcome:
    """The record counts again, with what was admitted under it. Raises `NotMerged`, `PatientErased`."""
    POLICIES.allow(caller, Act.MERGE_PATIENTS)
    person = await records.lock_person(act, patient_id)
    patient = person[patient_id]
    admissions = await _lock_admissions(act, patient_id)
    stamp = await act.stamp(*person.values(), *admissions)
    act.demand.expect(patient.tag())
    unmerged = patient.unmerged(stamp)
    await _save(act, PatientEvent.UNMERGED, patient, unmerged)
    await _count(act, admissions, patient_id, stamp)
    return Outcome(200, patient_id)


def _unfit(code: str, message: str) -> Invalid:
    return Invalid(errors=[FieldError(field="body.into", code=code, message=message)])


async def _lock_admissions(act: UnitOfWork, patient_id: UUID) -> list[Admission]:
    ids = [row["id"] for row in await act.all(ADMISSIONS_BELOW, of_id=patient_id)]
    return list((await records.admissions.lock_all(act, ids)).values())


async def _save(act: UnitOfWork, what: PatientEvent, before: Patient, after: Patient) -> None:
    await records.patients.save(act, after)
    await carry(act, before, after)
    act.publish(happened(what, after.id, after, before))


async def _count(act: UnitOfWork, admissions: list[Admission], person_id: UUID, stamp: Stamp) -> None:
    for admission in admissions:
        counted = admission.counted_for(person_id, stamp)
        await records.save_admission(act, AdmissionEvent.CHANGED, admission, counted)
