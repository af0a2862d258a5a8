"""What a patient needs of a bed and of its room, as far as the placement rules go by it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from beds.domain.layout import LevelOfCare


class PatientSex(StrEnum):
    """With whom the patient shares a room."""

    FEMALE = "female"
    MALE = "male"


class PatientAge(StrEnum):
    ADULT = "adult"
    CHILD = "child"
    NEONATE = "neonate"


class Isolation(StrEnum):
    """The precautions of a transmission, as in the CDC's guideline of 2007."""

    NONE = "none"
    CONTACT = "contact"
    DROPLET = "droplet"
    AIRBORNE = "airborne"


class RoomPreference(StrEnum):
    SINGLE = "single"
    SHARED = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What is left out is not needed, or not known: a rule that would have to know it fails."""

    sex: PatientSex | None = None
    age_band: PatientAge | None = None
    isolation: Isolation = Isolation.NONE
    organism: str | None = None
    """Code of what a contact or droplet isolation is for; patients of one organism may share a room."""
    equipment: tuple[str, ...] = ()
    level_of_care: LevelOfCare = LevelOfCare.WARD
    specialty: str | None = None
    room_preference: RoomPreference | None = None

    @classmethod
    def read(cls, said: dict[str, Any]) -> "Needs":
        """From their published or stored form, where whatever was not said yet is left out."""
        return cls(
            sex=PatientSex(said["sex"]) if said.get("sex") else None,
            age_band=PatientAge(said["age_band"]) if said.get("age_band") else None,
            isolation=Isolation(said.get("isolation") or Isolation.NONE),
            organism=said.get("organism"),
            equipment=tuple(said.get("equipment") or ()),
            level_of_care=LevelOfCare(said.get("level_of_care") or LevelOfCare.WARD),
            specialty=said.get("specialty"),
            room_preference=RoomPreference(said["room_preference"]) if said.get("room_preference") else None,
        )
