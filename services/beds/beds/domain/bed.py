"""A bed and its states (domain §3). Never from occupied to available without dirty in between."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.errors import Refusal
from common.stamp import Stamp, version_tag

HOLD = timedelta(minutes=30)
"""How long a hold lives when nobody says otherwise (domain §3)."""


class BedState(StrEnum):
    AVAILABLE = "available"
    HELD = "held"
    OCCUPIED = "occupied"
    DIRTY = "dirty"
    CLEANING = "cleaning"
    INSPECT = "inspect"
    BLOCKED = "blocked"
    CLOSED = "closed"


S = BedState

#: The seeds' word and the HL7 table 0116 code of each state (contract §3).
STATUS: dict[BedState, tuple[str, str]] = {
    S.AVAILABLE: ("available", "U"),
    S.HELD: ("available", "U"),
    S.OCCUPIED: ("occupied", "O"),
    S.DIRTY: ("cleaning", "K"),
    S.CLEANING: ("cleaning", "H"),
    S.INSPECT: ("cleaning", "H"),
    S.BLOCKED: ("maintenance", "C"),
    S.CLOSED: ("maintenance", "C"),
}

#: Every step that a bed may take. The database holds the same table and refuses all others, whoever writes.
TRANSITIONS: frozenset[tuple[BedState, BedState]] = frozenset(
    {
        (S.AVAILABLE, S.HELD),
        (S.HELD, S.AVAILABLE),
        (S.HELD, S.OCCUPIED),
        (S.AVAILABLE, S.OCCUPIED),
        (S.OCCUPIED, S.DIRTY),
        (S.DIRTY, S.OCCUPIED),
        (S.DIRTY, S.CLEANING),
        (S.CLEANING, S.AVAILABLE),
        (S.CLEANING, S.INSPECT),
        (S.INSPECT, S.AVAILABLE),
        (S.INSPECT, S.DIRTY),
        (S.DIRTY, S.AVAILABLE),
        (S.AVAILABLE, S.BLOCKED),
        (S.DIRTY, S.BLOCKED),
        (S.BLOCKED, S.DIRTY),
        (S.AVAILABLE, S.CLOSED),
        (S.DIRTY, S.CLOSED),
        (S.BLOCKED, S.CLOSED),
        (S.CLOSED, S.DIRTY),
    }
)


class BedTaken(Refusal):
    code = "bed_taken"
    sentence = "Somebody else has this bed. Choose another one."


class BedNotReady(Refusal):
    code = "bed_not_ready"
    sentence = "This bed is not clean and ready. Wait for its cleaning or choose another one."


class HeldForAnother(Refusal):
    code = "held_for_another"
    sentence = "This bed is held for another patient."


class BedOccupied(Refusal):
    code = "bed_occupied"
    sentence = "A patient is in this bed, or it is held for one."


class BedNotDirty(Refusal):
    code = "bed_not_dirty"
    sentence = "Only a dirty bed can be declared ready."


class WrongBedState(Refusal):
    code = "wrong_state"
    sentence = "The bed is not in a state that allows this."


@dataclass(frozen=True, slots=True)
class Bed:
    """One bed. `admission_id` and `patient_id` are those of its hold or stay; `soiled_by` made it dirty."""

    id: UUID
    department_id: UUID
    room_id: UUID | None
    code: str
    state: BedState
    since: datetime
    hold_id: UUID | None
    held_until: datetime | None
    admission_id: UUID | None
    patient_id: UUID | None
    soiled_by: UUID | None
    last_sanitized_at: datetime | None
    block_reason_code: str | None
    return_expected_at: datetime | None
    equipment: tuple[str, ...]
    """Codes of what stays with the bed, such as a ventilator."""
    cot_of_bed_id: UUID | None
    """For a cot the bed that it stands beside, for good: a newborn in it goes where the patient of that bed goes."""
    overridden: tuple[str, ...]
    """The placement rules that its hold or stay does not keep, by the decision of somebody who may override them."""
    version: int
    changed_at: datetime
    changed_by: str

    @classmethod
    def added(
        cls,
        bed_id: UUID,
        department_id: UUID,
        room_id: UUID | None,
        code: str,
        stamp: Stamp,
        equipment: tuple[str, ...] = (),
        cot_of_bed_id: UUID | None = None,
    ) -> "Bed":
        """A new bed is dirty: nobody has cleaned it for us yet."""
        nothing: dict[str, Any] = dict.fromkeys(
            ("soiled_by", "last_sanitized_at", "block_reason_code", "return_expected_at")
        )
        return cls(
            id=bed_id,
            department_id=department_id,
            room_id=room_id,
            code=code,
            state=S.DIRTY,
            since=stamp.at,
            equipment=equipment,
            cot_of_bed_id=cot_of_bed_id,
            version=1,
            changed_at=stamp.at,
            changed_by=stamp.by,
            **_NOBODY,
            **nothing,
        )

    def tag(self, now: datetime) -> str:
        return version_tag(self.version, lapsed=self.settled(now) is not self)

    def settled(self, now: datetime) -> "Bed":
        """As the clock has it: a hold that is past its end is none, swept or not."""
        if self.state is S.HELD and self.held_until is not None and self.held_until <= now:
            return replace(self, state=S.AVAILABLE, **_NOBODY)
        return self

    def held(
        self, hold_id: UUID, admission_id: UUID, patient_id: UUID, until: datetime, stamp: Stamp
    ) -> "Bed":
        """Held for one admission. Only a clean and free bed, never a dirty one. Raises `BedTaken`, `BedNotReady`."""
        bed = self.settled(stamp.at)
        if bed.state in (S.HELD, S.OCCUPIED):
            raise BedTaken(**bed.facts())
        if bed.state is not S.AVAILABLE:
            raise BedNotReady(**bed.facts())
        return bed._become(
            S.HELD, stamp, hold_id=hold_id, held_until=until, admission_id=admission_id, patient_id=patient_id
        )

    def held_anew(self, hold_id: UUID, until: datetime, stamp: Stamp) -> "Bed":
        """Its hold gives way to another one for the same patient."""
        return self.changed(stamp, since=stamp.at, hold_id=hold_id, held_until=until)

    def released(self, stamp: Stamp) -> "Bed":
        return self._become(S.AVAILABLE, stamp, **_NOBODY)

    def occupied(self, admission_id: UUID, patient_id: UUID, stamp: Stamp) -> "Bed":
        """The patient is in it: from this patient's hold, from available, or back in the own dirty bed.

        The own is one that is dirty from this very stay and whose cleaning has not started.
        Raises `HeldForAnother`, `BedTaken`, `BedNotReady`.
        """
        bed = self.settled(stamp.at)
        if bed.state is S.HELD and bed.admission_id != admission_id:
            raise HeldForAnother(**bed.facts())
        if bed.state is S.OCCUPIED:
            raise BedTaken(**bed.facts())
        if bed.state not in (S.HELD, S.AVAILABLE) and not bed.is_dirty_from(admission_id):
            raise BedNotReady(**bed.facts())
        return bed._become(
            S.OCCUPIED,
            stamp,
            hold_id=None,
            held_until=None,
            admission_id=admission_id,
            patient_id=patient_id,
            soiled_by=None,
        )

    def exchanged(self, admission_id: UUID, patient_id: UUID, stamp: Stamp) -> "Bed":
        """Another patient is in it, with whom the one before has changed places. Raises `WrongBedState`."""
        if self.state is not S.OCCUPIED:
            raise WrongBedState(**self.facts())
        return replace(
            self,
            since=stamp.at,
            admission_id=admission_id,
            patient_id=patient_id,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def is_there_for(self, admission_id: UUID) -> bool:
        """Whether this admission's patient may be in it without more ado: free, held for it, or dirty from it alone."""
        free = self.state is S.AVAILABLE or (self.state is S.HELD and self.admission_id == admission_id)
        return free or self.is_dirty_from(admission_id)

    def is_dirty_from(self, admission_id: UUID) -> bool:
        return self.state is S.DIRTY and self.soiled_by == admission_id

    def despite(self, rules: Iterable[str]) -> "Bed":
        """Its hold or stay does not keep these rules."""
        return replace(self, overridden=tuple(sorted(rules)))

    def vacated(self, stamp: Stamp) -> "Bed":
        return self._become(S.DIRTY, stamp, soiled_by=self.admission_id, **_NOBODY)

    def cleaning_started(self, stamp: Stamp) -> "Bed":
        return self._become(S.CLEANING, stamp, soiled_by=None)

    def cleaned(self, stamp: Stamp) -> "Bed":
        return self._become(S.AVAILABLE, stamp, last_sanitized_at=stamp.at)

    def to_be_inspected(self, stamp: Stamp) -> "Bed":
        return self._become(S.INSPECT, stamp)

    def passed(self, sanitized_at: datetime | None, stamp: Stamp) -> "Bed":
        """Looked at and found clean since `sanitized_at`."""
        return self._become(S.AVAILABLE, stamp, last_sanitized_at=sanitized_at)

    def failed(self, stamp: Stamp) -> "Bed":
        """Looked at and not clean: to be cleaned again."""
        return self._become(S.DIRTY, stamp)

    def readied(self, stamp: Stamp) -> "Bed":
        """Declared ready by somebody who answers for it. Raises `BedNotDirty`."""
        if self.state is not S.DIRTY:
            raise BedNotDirty(**self.facts())
        return self._become(S.AVAILABLE, stamp, soiled_by=None)

    def blocked(self, reason_code: str, return_expected_at: datetime | None, stamp: Stamp) -> "Bed":
        """Out of use for a while. Raises `BedOccupied`, `WrongBedState`."""
        bed = self._free_of_patients(stamp)
        return bed._become(
            S.BLOCKED,
            stamp,
            block_reason_code=reason_code,
            return_expected_at=return_expected_at,
            soiled_by=None,
        )

    def unblocked(self, stamp: Stamp) -> "Bed":
        if self.state is not S.BLOCKED:
            raise WrongBedState(**self.facts())
        return self._become(S.DIRTY, stamp, block_reason_code=None, return_expected_at=None)

    def closed(self, stamp: Stamp) -> "Bed":
        """Out of the hospital's count. Raises `BedOccupied`, `WrongBedState`."""
        bed = self._free_of_patients(stamp)
        return bed._become(S.CLOSED, stamp, block_reason_code=None, return_expected_at=None, soiled_by=None)

    def opened(self, stamp: Stamp) -> "Bed":
        if self.state is not S.CLOSED:
            raise WrongBedState(**self.facts())
        return self._become(S.DIRTY, stamp)

    def changed(self, stamp: Stamp, **changes: Any) -> "Bed":
        """Another code, room, hold, or other equipment; its state is as before."""
        return replace(
            self,
            **changes,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def facts(self) -> dict[str, Any]:
        """What a refusal tells of the bed as it is now, and who made it so."""
        return {
            "bed_id": self.id,
            "state": self.state,
            "held_until": self.held_until,
            "changed_at": self.changed_at,
            "changed_by": self.changed_by,
        }

    def _free_of_patients(self, stamp: Stamp) -> "Bed":
        bed = self.settled(stamp.at)
        if bed.state in (S.OCCUPIED, S.HELD):
            raise BedOccupied(**bed.facts())
        return bed

    def _become(self, state: BedState, stamp: Stamp, **changes: Any) -> "Bed":
        if (self.state, state) not in TRANSITIONS:
            raise WrongBedState(**self.facts())
        return replace(
            self,
            state=state,
            since=stamp.at,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
            **changes,
        )


_NOBODY: dict[str, Any] = {
    "hold_id": None,
    "held_until": None,
    "admission_id": None,
    "patient_id": None,
    "overridden": (),
}
