"""What the API accepts (contract §2)."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from beds.domain.cleaning import CleaningPriority, CleaningType
from beds.domain.layout import AgeBand, LevelOfCare, SexPolicy
from beds.domain.movement import Reversible
from beds.schemas.needs import Codes, NeedsOfAPatient
from common.web import Code, Line, NearInstant, Payload

HoldMinutes = Annotated[int, Field(ge=1, le=24 * 60)]


class NewDepartment(Payload):
    code: Code
    name: Line


class DepartmentChange(Payload):
    code: Code | None = None
    name: Line | None = None


class _RoomFacts(Payload):
    """For whom a room is: what the placement rules go by."""

    sex_policy: SexPolicy = SexPolicy.ANY
    negative_pressure: bool = False
    age_band: AgeBand = AgeBand.ANY
    level_of_care: LevelOfCare = LevelOfCare.WARD
    specialty: Code | None = None

    def facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _RoomFacts.model_fields}


class NewRoom(_RoomFacts):
    department_id: UUID
    code: Code


class RoomChange(Payload):
    """Only the fields that are sent are changed; `specialty: null` removes it."""

    code: Code | None = None
    sex_policy: SexPolicy | None = None
    negative_pressure: bool | None = None
    age_band: AgeBand | None = None
    level_of_care: LevelOfCare | None = None
    specialty: Code | None = None


class NewBed(Payload):
    department_id: UUID
    room_id: UUID | None = None
    code: Code
    equipment: Codes = Field(default_factory=list)
    cot_of_bed_id: UUID | None = Field(None, description="a cot: the bed that it stands beside, in its room")


class BedChange(Payload):
    """Only the fields that are sent are changed; `equipment` is the whole list."""

    code: Code | None = None
    room_id: UUID | None = None
    equipment: Codes | None = None


def named(change: RoomChange | BedChange) -> dict[str, Any]:
    """What a change names: the fields that were sent. Only a specialty can be taken away by null."""
    sent = {name: getattr(change, name) for name in change.model_fields_set}
    return {name: value for name, value in sent.items() if value is not None or name == "specialty"}


class Override(Payload):
    """Overridable placement rules need not be kept, for a reason; hard ones are never overridden."""

    reason_code: Code


class Overriding(Payload):
    override: Override | None = None

    def reason(self) -> str | None:
        return None if self.override is None else self.override.reason_code


class NewHold(Overriding):
    admission_id: UUID
    minutes: HoldMinutes | None = None


class NewReservation(Payload):
    """Within the next 14 days, for 24 hours at most."""

    admission_id: UUID
    starts_at: NearInstant
    ends_at: NearInstant


class Block(Payload):
    reason_code: Code
    return_expected_at: NearInstant | None = None


class Reason(Payload):
    reason_code: Code


class Arrival(Overriding):
    bed_id: UUID | None = None
    occurred_at: NearInstant | None = None


class Departure(Payload):
    reason_code: Code
    occurred_at: NearInstant | None = None


class Move(Overriding):
    bed_id: UUID


class Swap(Overriding):
    """The admissions of two patients who change places."""

    a: UUID
    b: UUID


class Reversal(Overriding, Reason):
    of: Reversible


class NewTransfer(Payload):
    """`needs` are those in the receiving department, where they are other than here."""

    department_id: UUID
    needs: NeedsOfAPatient | None = None


class Acceptance(Overriding):
    bed_id: UUID
    minutes: HoldMinutes | None = None


class NewCleaningJob(Payload):
    bed_id: UUID
    type: CleaningType
    priority: CleaningPriority = CleaningPriority.NORMAL


class Inspection(Payload):
    passed: bool
    reason_code: Code | None = Field(None, description="why it failed; needed then")
