"""A discharge is planned and confirmed. It is beds that says when the patient has left."""

from uuid import UUID

from admissions import records
from admissions.domain.admission import Disposition
from admissions.domain.discharge import Plan
from admissions.events import AdmissionEvent
from admissions.policies import POLICIES, Act
from admissions.queries import expect_shown
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome


@command
async def plan_discharge(act: UnitOfWork, caller: Caller, admission_id: UUID, plan: Plan) -> Outcome:
    """Puts this plan in the place of the one before. Raises `Cancelling`, `AdmissionClosed`, `Invalid`."""
    admission = await records.admissions.lock(act, admission_id)
    POLICIES.allow(caller, Act.PLAN_DISCHARGE, admission.department_id)
    stamp = await act.stamp(admission)
    await expect_shown(act, admission_id)
    planned = admission.planned(plan, stamp)
    if planned is not admission:
        reason_code = plan.reason_code
        await records.save_admission(act, AdmissionEvent.DISCHARGE_PLANNED, admission, planned, reason_code)
    return Outcome(200, admission_id)


@command
async def confirm_discharge(
    act: UnitOfWork, caller: Caller, admission_id: UUID, disposition: Disposition
) -> Outcome:
    """Discharge on paper. The bed is freed by the departure, not by this. Raises `NotAdmitted`, `AlreadyConfirmed`."""
    admission = await records.admissions.lock(act, admission_id)
    POLICIES.allow(caller, Act.CONFIRM_DISCHARGE, admission.department_id)
    stamp = await act.stamp(admission)
    await expect_shown(act, admission_id)
    target = await records.confirmed_left_target(act, stamp.at)
    confirmed = admission.confirmed(disposition, target, stamp)
    await records.save_admission(act, AdmissionEvent.DISCHARGE_CONFIRMED, admission, confirmed)
    return Outcome(200, admission_id)
