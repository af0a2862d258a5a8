"""What a patient needs of a bed and of its room: the words that the placement rules of beds go by."""

from dataclasses import dataclass
from enum import StrEnum


class Sex(StrEnum):
    """With whom the patient shares a room."""

    FEMALE = "female"
    MALE = "male"


class AgeBand(StrEnum):
    ADULT = "adult"
    CHILD = "child"
    NEONATE = "neonate"


class Isolation(StrEnum):
    NONE = "none"
    CONTACT = "contact"
    DROPLET = "droplet"
    AIRBORNE = "airborne"


class LevelOfCare(StrEnum):
    WARD = "ward"
    STEP_DOWN = "step_down"
    INTENSIVE = "intensive"


class RoomPreference(StrEnum):
    SINGLE = "single"
    SHARED = "shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What is left out is not needed, or not known. `organism` is what a contact or droplet isolation is for."""

    sex: Sex | None = None
    age_band: AgeBand | None = None
    isolation: Isolation = Isolation.NONE
    organism: str | None = None
    equipment: tuple[str, ...] = ()
    level_of_care: LevelOfCare = LevelOfCare.WARD
    specialty: str | None = None
    room_preference: RoomPreference | None = None
