"""Identity at rest: every field encrypted under the patient's own key, found again through a keyed index."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from admissions.domain.patient import AdministrativeSex, Identity
from admissions.models import patient_identity, patient_index, subject_key
from common.crypto import KeyedIndex, MasterKeys, SubjectKey
from common.db import UnitOfWork
from common.statements import Statement, insert_into

_ADD_KEY = Statement(insert_into(subject_key, "subject_id", "wrapped"))
_KEY = Statement(
    sa.select(subject_key.c.wrapped).where(subject_key.c.subject_id == sa.bindparam("of_subject"))
)
_ADD_IDENTITY = Statement(insert_into(patient_identity))
_ADD_INDEX = Statement(insert_into(patient_index))
_CHANGE_INDEX = Statement(
    sa.update(patient_index)
    .where(patient_index.c.patient_id == sa.bindparam("of_patient"))
    .values(mrn_digest=sa.bindparam("mrn_digest"), name_birth_digest=sa.bindparam("name_birth_digest"))
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
    """Seals and opens identities with the keys of this service."""

    keys: MasterKeys
    index: KeyedIndex

    async def add(self, act: UnitOfWork, patient_id: UUID, identity: Identity) -> None:
        """The first identity of a patient, under a fresh key. A record number in use is refused by its constraint."""
        key, wrapped = self.keys.new_subject_key(patient_id)
        await act.run(_ADD_KEY, subject_id=patient_id, wrapped=wrapped)
        await act.run(_ADD_IDENTITY, patient_id=patient_id, version=1, **_seal(key, identity))
        await act.run(_ADD_INDEX, patient_id=patient_id, **self._digests(identity))

    async def correct(self, act: UnitOfWork, patient_id: UUID, version: int, identity: Identity) -> None:
        """A newer identity; the older ones stay readable under the same key."""
        wrapped = await act.value(_KEY, of_subject=patient_id)
        key = self.keys.subject_key(wrapped, patient_id)
        await act.run(_ADD_IDENTITY, patient_id=patient_id, version=version, **_seal(key, identity))
        await act.run(_CHANGE_INDEX, of_patient=patient_id, **self._digests(identity))

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

    def mrn_digest(self, mrn: str) -> bytes:
        return self.index.digest("patient.mrn", mrn)

    def name_birth_digest(self, name: str, born: date) -> bytes:
        return self.index.digest("patient.name_birth", name, born.isoformat())

    def _digests(self, identity: Identity) -> dict[str, bytes | None]:
        name, born = identity.name, identity.date_of_birth
        return {
            "mrn_digest": self.mrn_digest(identity.mrn) if identity.mrn else None,
            "name_birth_digest": self.name_birth_digest(name, born) if name and born else None,
        }


async def destroy(act: UnitOfWork, patient_id: UUID) -> None:
    """The key of the patient, and all by which the patient could be found. What the key opened stays as noise."""
    for statement in _DESTROY:
        await act.run(statement, of_patient=patient_id)


def _seal(key: SubjectKey, identity: Identity) -> dict[str, bytes | None]:
    return {field: _sealed(key, field, getattr(identity, field)) for field in _FIELDS}


def _sealed(key: SubjectKey, field: str, value: object) -> bytes | None:
    return None if value is None else key.encrypt(f"patient.{field}", str(value))
