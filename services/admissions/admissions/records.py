"""What the use cases load under lock and save. Lock order: patient, admission."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter

from admissions.domain.admission import Admission, Priority, Want
from admissions.domain.discharge import Milestone
from admissions.domain.needs import Needs
from admissions.domain.patient import Patient
from admissions.events import AdmissionEvent, happened
from admissions.models import admission, admission_change, discharge_target, known_department, patient
from admissions.queries import RECORDS_OF_PERSON
from common.aggregates import Aggregates
from common.db import UnitOfWork
from common.errors import NotFound
from common.statements import Statement, insert_into

_NEEDS = TypeAdapter(Needs)


def read_want(stored: dict[str, Any]) -> Want:
    bed_id = stored["bed_id"]
    return Want(
        department_id=UUID(stored["department_id"]),
        bed_id=UUID(bed_id) if bed_id else None,
        priority=Priority(stored["priority"]),
        needs=_NEEDS.validate_python(stored["needs"]),
        ready=stored["ready"],
        requested_at=datetime.fromisoformat(stored["requested_at"]),
    )


def read_milestones(stored: list[dict[str, Any]]) -> tuple[Milestone, ...]:
    return tuple(
        Milestone(one["kind"], _moment(one["done_at"]), one["done_by"], one["delay_reason_code"])
        for one in stored
    )


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


patients = Aggregates(Patient, patient, readers={"erased_with": tuple})
admissions = Aggregates(
    Admission,
    admission,
    readers={"want": read_want, "asked": read_want, "milestones": read_milestones},
)


async def lock_person(act: UnitOfWork, patient_id: UUID) -> dict[UUID, Patient]:
    """Every record of the person, asked for by any of them. Raises `NotFound`."""
    while True:
        known = {row["id"] for row in await act.all(RECORDS_OF_PERSON, of_id=patient_id)}
        locked = await patients.lock_all(act, known or {patient_id})
        if known == {row["id"] for row in await act.all(RECORDS_OF_PERSON, of_id=patient_id)}:
            return locked  # no merge and no undo came before the locks


_PATIENT_OF = Statement(sa.select(admission.c.patient_id).where(admission.c.id == sa.bindparam("of_id")))


async def lock_patient_of(act: UnitOfWork, admission_id: UUID) -> Patient:
    """The patient of an admission, before the admission itself is locked. Raises `NotFound`."""
    patient_id = await act.value(_PATIENT_OF, of_id=admission_id)
    if patient_id is None:
        raise NotFound
    return await patients.lock(act, patient_id)


_ADD_CHANGE = Statement(insert_into(admission_change))


async def save_admission(
    act: UnitOfWork,
    what: AdmissionEvent,
    before: Admission | None,
    after: Admission,
    reason_code: str | None = None,
) -> None:
    """A change of an admission, its line in the history, and its event."""
    if before is None:
        await admissions.add(act, after)
    else:
        await admissions.save(act, after)
    await act.run(
        _ADD_CHANGE,
        admission_id=after.id,
        version=after.version,
        what=what,
        state=after.state,
        changed_at=after.changed_at,
        changed_by=after.changed_by,
        reason_code=reason_code,
        want=after.want,
        discharge_expected_at=after.discharge_expected_at,
        milestones=after.milestones,
    )
    act.publish(happened(what, after.id, after, before))


_DEPARTMENT_STATE = Statement(
    sa.select(known_department.c.state).where(known_department.c.id == sa.bindparam("of_id"))
)


async def department_state(act: UnitOfWork, department_id: UUID) -> str | None:
    """`open` or `closed`; None for a department that this service has not heard of."""
    state: str | None = await act.value(_DEPARTMENT_STATE, of_id=department_id)
    return state


_CONFIRMED_LEFT = Statement(
    sa.select(discharge_target.c.confirmed_left_minutes)
    .where(discharge_target.c.effective_from <= sa.bindparam("at"))
    .order_by(discharge_target.c.effective_from.desc())
    .limit(sa.literal_column("1"))
)


async def confirmed_left_target(act: UnitOfWork, at: datetime) -> timedelta:
    """How soon after the confirmation a patient should have left, as it is in force at this moment."""
    return timedelta(minutes=await act.value(_CONFIRMED_LEFT, at=at))
