"""Patients are registered and corrected."""

from types import EllipsisType
from uuid import UUID

from admissions import records
from admissions.domain.patient import Identity, Patient
from admissions.events import PatientEvent, happened
from admissions.identities import Identities
from admissions.policies import POLICIES, Act
from admissions.queries import CURRENT_IDENTITY
from common.auth import Caller
from common.command import command
from common.db import UnitOfWork
from common.errors import FieldError, Invalid
from common.idempotency import Outcome
from common.ids import new_id


@command
async def register_patient(
    act: UnitOfWork,
    caller: Caller,
    identities: Identities,
    identity: Identity,
    *,
    unidentified: bool,
    privacy: bool,
    mother_id: UUID | None,
) -> Outcome:
    """Raises `MrnTaken`, and `Invalid` where an identified patient has no record number or name."""
    POLICIES.allow(caller, Act.KEEP_PATIENTS)
    await _check_mother(act, mother_id)
    stamp = await act.stamp()
    patient = Patient.registered(
        new_id(), identity, stamp, unidentified=unidentified, privacy=privacy, mother_id=mother_id
    )
    await records.patients.add(act, patient)
    await identities.add(act, patient, identity)
    act.publish(happened(PatientEvent.REGISTERED, patient.id, patient, None))
    return Outcome(201, patient.id)


@command
async def correct_patient(
    act: UnitOfWork,
    caller: Caller,
    identities: Identities,
    patient_id: UUID,
    changes: dict[str, object],
    *,
    privacy: bool | None,
    mother_id: UUID | EllipsisType | None,
) -> Outcome:
    """Changes the fields that are named; what was there before is kept. Raises `MrnTaken`, `PatientErased`."""
    POLICIES.allow(caller, Act.KEEP_PATIENTS)
    patient = await records.patients.lock(act, patient_id)
    stamp = await act.stamp(patient)
    patient.expect_identity()
    patient.expect_unmerged()
    act.demand.expect(patient.tag())
    row = await act.first(CURRENT_IDENTITY, of_id=patient_id)
    assert row is not None
    identity = identities.open(row).corrected(**changes)
    await _check_mother(act, mother_id)
    corrected = patient.corrected(identity, stamp, privacy=privacy, mother_id=mother_id)
    await records.patients.save(act, corrected)
    await identities.correct(act, corrected, identity)
    act.publish(happened(PatientEvent.CORRECTED, patient_id, corrected, patient))
    return Outcome(200, patient_id)


async def _check_mother(act: UnitOfWork, mother_id: UUID | EllipsisType | None) -> None:
    if isinstance(mother_id, UUID) and await records.patients.find(act, mother_id) is None:
        raise Invalid(errors=[FieldError(field="body.mother_id", code="unknown", message="no such patient")])
