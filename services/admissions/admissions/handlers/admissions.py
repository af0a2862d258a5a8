"""Admissions are requested, changed and ended."""

from uuid import UUID

from admissions import records
from admissions.domain.admission import Admission, AdmissionState, Asked
from admissions.events import AdmissionEvent
from admissions.handlers.departments import check_department
from admissions.policies import POLICIES, Act
from admissions.queries import expect_shown
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import FieldError, Invalid
from common.idempotency import Outcome
from common.ids import new_id


@command
async def request_admission(act: UnitOfWork, caller: Caller, patient_id: UUID, asked: Asked) -> Outcome:
    """Kept whether or not a bed is free, also while beds is away; of a merged patient it is the survivor's.

    Raises `PatientAlreadyAdmitted`, `PatientErased`.
    """
    POLICIES.allow(caller, Act.REQUEST_BED, asked.department_id)
    await check_department(act, asked.department_id)
    patient = await records.patients.find(act, patient_id)
    if patient is None:
        raise Invalid(errors=[FieldError(field="body.patient_id", code="unknown", message="no such patient")])
    if patient.merged_into is not None:
        person = await records.lock_person(act, patient_id)
        patient = next(record for record in person.values() if record.merged_into is None)
    patient.expect_identity()
    admission = Admission.requested(new_id(), patient.id, asked, await act.stamp())
    await records.save_admission(act, AdmissionEvent.REQUESTED, None, admission)
    return Outcome(201, admission.id)


@command
async def change_bed_request(act: UnitOfWork, caller: Caller, admission_id: UUID, asked: Asked) -> Outcome:
    """Wants another bed. Raises `AlreadyArrived`, `Cancelling`, `AdmissionClosed`."""
    admission = await records.admissions.lock(act, admission_id)
    POLICIES.allow(caller, Act.REQUEST_BED, admission.department_id)
    POLICIES.allow(caller, Act.REQUEST_BED, asked.department_id)
    await check_department(act, asked.department_id)
    stamp = await act.stamp(admission)
    await expect_shown(act, admission_id)
    await records.save_admission(act, AdmissionEvent.CHANGED, admission, admission.wanting(asked, stamp))
    return Outcome(200, admission_id)


@command
async def end_admission(
    act: UnitOfWork, caller: Caller, admission_id: UUID, target: AdmissionState, reason_code: str
) -> Outcome:
    """Asks for the end as cancelled or no_show; final only when beds has answered that nobody is in a bed."""
    admission = await records.admissions.lock(act, admission_id)
    POLICIES.allow(caller, Act.REQUEST_BED, admission.department_id)
    stamp = await act.stamp(admission)
    await expect_shown(act, admission_id)
    ending = admission.ending(target, reason_code, stamp)
    await records.save_admission(act, AdmissionEvent.CANCELLING, admission, ending, reason_code)
    return Outcome(200, admission_id)
