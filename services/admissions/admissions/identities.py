"""Identity at rest: every field encrypted under the patient's own key, found again through a keyed index."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from admissions.domain.patient import AdministrativeSex, Identity, Patient
from admissions.models import patient_identity, patient_index, subject_key
from common.crypto import KeyedIndex, MasterKeys, SubjectKey
from common.db import UnitOfWork
from common.statements import Statement, insert_into

_ADD_KEY = Statement(insert_into(subject_key, "subject_id", "wrapped"))
_KEY = Statement(
    sa.select(subject_key.c.wrapped).where(subject_key.c.subject_id == sa.bindparam("of_subject"))
)
_ADD_IDENTITY = Statement(insert_into(patient_identity))
_kept = [
    column
    for column in patient_identity.c
    if column.name in ("mrn", "name", "date_of_birth", "sex", "contact")
]
_CARRY = Statement(
    sa.insert(patient_identity).from_select(
        ["patient_id", "version", "changed_at", "changed_by", *(column.name for column in _kept)],
        sa.select(
            patient_identity.c.patient_id,
            sa.bindparam("version", type_=sa.BigInteger),
            sa.bindparam("changed_at", type_=sa.DateTime(timezone=True)),
            sa.bindparam("changed_by", type_=sa.Text),
            *_kept,
        ).where(
            patient_identity.c.patient_id == sa.bindparam("patient_id"),
            patient_identity.c.version == sa.bindparam("version_before"),
        ),
    )
)
_ADD_INDEX = Statement(insert_into(patient_index))
_FORGET_INDEX = Statement(
    sa.delete(patient_index).where(patient_index.c.patient_id == sa.bindparam("of_patient"))
)
_DESTROY = tuple(
    Statement(sa.delete(table).where(column == sa.bindparam("of_patient")))
    for table, column in (
        (subject_key, subject_key.c.subject_id),
        (patient_index, patient_index.c.patient_id),
    )
)
_FIELDS = ("mrn", "name", "date_of_birth", "sex", "contact")


@dataclass(frozen=True, slots=True)
class Identities:
    """Seals and opens identities with the keys of this service.

    `indexes` are the search keys by number: a patient has digests under each, and a search asks for each.
    """

    keys: MasterKeys
    indexes: Mapping[int, KeyedIndex]

    async def add(self, act: UnitOfWork, patient: Patient, identity: Identity) -> None:
        """The first identity of a patient, under a fresh key. A record number in use is refused by its constraint."""
        key, wrapped = self.keys.new_subject_key(patient.id)
        await act.run(_ADD_KEY, subject_id=patient.id, wrapped=wrapped)
        await act.run(_ADD_IDENTITY, **_of_version(patient), **_seal(key, identity))
        await self._enter(act, patient.id, identity)

    async def correct(self, act: UnitOfWork, patient: Patient, identity: Identity) -> None:
        """The identity from this version on; the older ones stay readable under the same key."""
        wrapped = await act.value(_KEY, of_subject=patient.id)
        key = self.keys.subject_key(wrapped, patient.id)
        await act.run(_ADD_IDENTITY, **_of_version(patient), **_seal(key, identity))
        await act.run(
            _FORGET_INDEX, of_patient=patient.id
        )  # also what a key says that this process does not know
        await self._enter(act, patient.id, identity)

    async def fill(self, act: UnitOfWork, patient_id: UUID, identity: Identity, number: int) -> None:
        """The digests under this key, for a patient who is locked and has none."""
        await act.run(
            _ADD_INDEX, patient_id=patient_id, key_number=number, **_digests(self.indexes[number], identity)
        )

    async def _enter(self, act: UnitOfWork, patient_id: UUID, identity: Identity) -> None:
        for number in sorted(
            self.indexes
        ):  # all processes in one order: two of one number wait, none deadlocks
            await self.fill(act, patient_id, identity, number)

    def open(self, row: Any) -> Identity:
        """The identity in a row with `id`, `wrapped` and the sealed fields."""
        key = self.keys.subject_key(row["wrapped"], row["id"])
        texts = {field: row[field] and key.decrypt(f"patient.{field}", row[field]) for field in _FIELDS}
        born, sex = texts["date_of_birth"], texts["sex"]
        return Identity(
            mrn=texts["mrn"],
            name=texts["name"],
            date_of_birth=date.fromisoformat(born) if born else None,
            sex=AdministrativeSex(sex) if sex else None,
            contact=texts["contact"],
        )

    def open_name(self, row: Any) -> str | None:
        """Only the name in a row with `id`, `wrapped` and `name`."""
        if row["name"] is None:
            return None
        return self.keys.subject_key(row["wrapped"], row["id"]).decrypt("patient.name", row["name"])

    def mrn_digests(self, mrn: str) -> list[bytes]:
        return [_mrn_digest(index, mrn) for index in self.indexes.values()]

    def name_birth_digests(self, name: str, born: date) -> list[bytes]:
        return [_name_birth_digest(index, name, born) for index in self.indexes.values()]


def _mrn_digest(index: KeyedIndex, mrn: str) -> bytes:
    return index.digest("patient.mrn", mrn)


def _name_birth_digest(index: KeyedIndex, name: str, born: date) -> bytes:
    return index.digest("patient.name_birth", name, born.isoformat())


def _digests(index: KeyedIndex, identity: Identity) -> dict[str, bytes | None]:
    name, born = identity.name, identity.date_of_birth
    return {
        "mrn_digest": _mrn_digest(index, identity.mrn) if identity.mrn else None,
        "name_birth_digest": _name_birth_digest(index, name, born) if name and born else None,
    }


async def destroy(act: UnitOfWork, patient_id: UUID) -> None:
    """The key of the patient, and all by which the patient could be found. What the key opened stays as noise."""
    for statement in _DESTROY:
        await act.run(statement, of_patient=patient_id)


async def carry(act: UnitOfWork, before: Patient, after: Patient) -> None:
    """The identity is the same in the version after; nothing is opened."""
    await act.run(_CARRY, version_before=before.version, **_of_version(after))


def _of_version(patient: Patient) -> dict[str, object]:
    return {
        "patient_id": patient.id,
        "version": patient.version,
        "changed_at": patient.changed_at,
        "changed_by": patient.changed_by,
    }


def _seal(key: SubjectKey, identity: Identity) -> dict[str, bytes | None]:
    return {field: _sealed(key, field, getattr(identity, field)) for field in _FIELDS}


def _sealed(key: SubjectKey, field: str, value: object) -> bytes | None:
    return None if value is None else key.encrypt(f"patient.{field}", str(value))
