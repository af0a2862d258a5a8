"""What somebody says that a patient needs, in the words of the placement rules."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from beds.domain.layout import LevelOfCare
from beds.domain.rules import Isolation, Needs, PatientAge, PatientSex, RoomPreference
from common.web import Code, Payload

Codes = Annotated[list[Code], Field(max_length=20), AfterValidator(lambda codes: sorted(set(codes)))]


class NeedsOfAPatient(Payload):
    """What is left out is not needed, or not known. A rule that would have to know it fails, and a person decides."""

    sex: PatientSex | None = None
    age_band: PatientAge | None = None
    isolation: Isolation = Isolation.NONE
    organism: Code | None = None
    equipment: Codes = Field(default_factory=list)
    level_of_care: LevelOfCare = LevelOfCare.WARD
    specialty: Code | None = None
    room_preference: RoomPreference | None = None

    @model_validator(mode="after")
    def _organism_of_an_isolation(self) -> "NeedsOfAPatient":
        if self.organism is not None and self.isolation not in (Isolation.CONTACT, Isolation.DROPLET):
            raise ValueError("an organism goes with contact or droplet isolation")
        return self

    def needs(self) -> Needs:
        return Needs.read(self.model_dump())
