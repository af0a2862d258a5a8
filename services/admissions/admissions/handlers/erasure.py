"""The identity of a patient is erased, and stays so when the database comes back from an earlier moment."""

from dataclasses import replace
from uuid import UUID

from admissions import records
from admissions.events import Erasing, PatientEnd, happened
from admissions.identities import destroy
from admissions.policies import POLICIES, Act
from admissions.queries import ADMISSIONS_OF_PATIENT, OPEN_ADMISSION
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import FieldError, Invalid
from common.idempotency import Outcome
from common.stamp import Stamp


@command
async def erase_patient(
    act: UnitOfWork, caller: Caller, patient_id: UUID, confirmed: UUID, reason_code: str
) -> Outcome:
    """For good, hence `confirmed` repeats the id; a second time it changes nothing. With all that were merged.

    Raises `PatientStillAdmitted`.
    """
    POLICIES.allow(caller, Act.ERASE_PATIENTS)
    if confirmed != patient_id:
        raise Invalid(
            errors=[FieldError(field="body.patient_id", code="other", message="repeat the id of the patient")]
        )
    person = await records.lock_person(act, patient_id)
    stamp = await act.stamp(*person.values())
    act.demand.expect(person[patient_id].tag())
    open_admission = await act.value(OPEN_ADMISSION, of_records=list(person))
    for patient in person.values():
        if patient.erased_at is None:
            admissions = await _admissions_of(act, patient.id)
            erased = patient.erased(stamp, open_admission=open_admission, admissions=admissions)
            await records.patients.save(act, erased)
            await destroy(act, patient.id)
            act.publish(happened(PatientEnd.ERASED, patient.id, erased, patient, Erasing(reason_code)))
    return Outcome(200, patient_id)


async def erase_again(act: UnitOfWork, patient_id: UUID, version: int, stamp: Stamp) -> None:
    """The list of the erased says so: a database from before the erasure forgets the identity once more."""
    patient = await records.patients.find(act, patient_id)
    if patient is None or patient.erased_at is not None:
        return
    admissions = await _admissions_of(act, patient_id)
    erased = patient.erased(stamp, open_admission=None, admissions=admissions)
    await records.patients.save(act, replace(erased, version=max(erased.version, version)))
    await destroy(act, patient_id)


async def _admissions_of(act: UnitOfWork, patient_id: UUID) -> list[UUID]:
    return [row["id"] for row in await act.all(ADMISSIONS_OF_PATIENT, of_patient=patient_id)]
