"""What was recorded and was not so: a departure (A13), or a whole admission."""

from uuid import UUID

from admissions import records
from admissions.events import BECAME, AdmissionEvent
from admissions.policies import POLICIES, Act
from admissions.queries import expect_shown
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome


@command
async def reopen_admission(act: UnitOfWork, caller: Caller, admission_id: UUID, reason_code: str) -> Outcome:
    """The admission is open again, and the patient arrives in beds as for the first time.

    Raises `NotDischarged`, `PatientErased`, and `PatientAlreadyAdmitted` where another admission has begun.
    """
    patient = await records.lock_patient_of(act, admission_id)
    admission = await records.admissions.lock(act, admission_id)
    POLICIES.allow(caller, Act.REOPEN, admission.department_id)
    stamp = await act.stamp(patient, admission)
    await expect_shown(act, admission_id)
    patient.expect_identity()
    reopened = admission.reopened(reason_code, stamp)
    await records.save_admission(act, AdmissionEvent.REOPENED, admission, reopened, reason_code)
    return Outcome(200, admission_id)


@command
async def enter_in_error(act: UnitOfWork, caller: Caller, admission_id: UUID, reason_code: str) -> Outcome:
    """The admission should never have been. While it waits, that is final only when beds has answered.

    Raises `AlreadyArrived`, `Cancelling`, `AdmissionClosed`.
    """
    admission = await records.admissions.lock(act, admission_id)
    POLICIES.allow(caller, Act.ENTER_IN_ERROR, admission.department_id)
    stamp = await act.stamp(admission)
    await expect_shown(act, admission_id)
    closed = admission.erroneous(reason_code, stamp)
    what = BECAME.get(closed.state, AdmissionEvent.CANCELLING)
    await records.save_admission(act, what, admission, closed, reason_code)
    return Outcome(200, admission_id)
