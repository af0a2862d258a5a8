"""A reservation: a bed that is kept from others for a planned admission, from a moment in the future on (domain §3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from beds.domain.bed import Bed, BedOccupied, BedState, BedTaken, WrongBedState
from beds.domain.placement import Want
from beds.domain.step import Step
from common.errors import FieldError, Invalid, Refusal
from common.stamp import Stamp, version_tag

AHEAD = timedelta(days=14)
"""How far in the future a reservation may begin."""
LONGEST = timedelta(hours=24)


class ReservationState(StrEnum):
    RESERVED = "reserved"
    KEPT = "kept"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


R = ReservationState


#: Every step that a reservation may take. Kept: the bed is held for the patient, or the patient is in it.
RESERVATION_STEPS: Mapping[str, Step[ReservationState]] = {
    "keep": Step({R.RESERVED}, R.KEPT),
    "cancel": Step({R.RESERVED}, R.CANCELLED),
    "expire": Step({R.RESERVED}, R.EXPIRED),
}


class BedReserved(Refusal):
    code = "bed_reserved"
    sentence = (
        "This bed is reserved for a planned admission. Choose another one, or give that reservation back."
    )


class AlreadyReserved(Refusal):
    code = "already_reserved"
    sentence = "A bed is reserved for this admission already. Give it back before another one is reserved."


class ReservationOver(Refusal):
    code = "reservation_over"
    sentence = "This reservation is over: it was kept, cancelled, or its time has passed."


def check_period(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """A reservation begins within the next 14 days and lasts 24 hours at most. Raises `Invalid`."""
    if not now < starts_at <= now + AHEAD:
        raise _not_plausible("starts_at", "in the future, and within 14 days")
    if not starts_at < ends_at <= starts_at + LONGEST:
        raise _not_plausible("ends_at", "after `starts_at`, by 24 hours at most")


def _not_plausible(field: str, message: str) -> Invalid:
    return Invalid(errors=[FieldError(field=f"body.{field}", code="not_plausible", message=message)])


def check_bed(bed: Bed, admission_id: UUID, starts_at: datetime, now: datetime) -> None:
    """Whether nobody else has the bed, and it will be in use by then. It need not be clean yet.

    A stay has no end before the patient leaves, so an occupied bed cannot be reserved, nor one that is held for
    somebody who is about to stay. Raises `BedOccupied`, `BedTaken`, `WrongBedState`.
    """
    settled = bed.settled(now)
    match settled.state:
        case BedState.OCCUPIED:
            raise BedOccupied(**settled.facts())
        case BedState.HELD if settled.admission_id != admission_id:
            raise BedTaken(**settled.facts())
        case BedState.CLOSED:
            raise WrongBedState(**settled.facts())
        case BedState.BLOCKED if settled.return_expected_at is None or settled.return_expected_at > starts_at:
            raise WrongBedState("This bed is blocked, and not expected back by then.", **settled.facts())


@dataclass(frozen=True, slots=True)
class Reservation:
    """One bed for one admission, from `starts_at` until before `ends_at`."""

    id: UUID
    bed_id: UUID
    department_id: UUID
    admission_id: UUID
    patient_id: UUID
    state: ReservationState
    starts_at: datetime
    ends_at: datetime
    reason_code: str | None
    """Why it was cancelled."""
    version: int
    changed_at: datetime
    changed_by: str

    @classmethod
    def made(
        cls,
        reservation_id: UUID,
        bed: Bed,
        admission_id: UUID,
        patient_id: UUID,
        starts_at: datetime,
        ends_at: datetime,
        stamp: Stamp,
    ) -> "Reservation":
        return cls(
            id=reservation_id,
            bed_id=bed.id,
            department_id=bed.department_id,
            admission_id=admission_id,
            patient_id=patient_id,
            state=R.RESERVED,
            starts_at=starts_at,
            ends_at=ends_at,
            reason_code=None,
            version=1,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def tag(self, now: datetime) -> str:
        return version_tag(self.version, lapsed=self.settled(now) is not self)

    def settled(self, now: datetime) -> "Reservation":
        """As the clock has it: past its end it keeps the bed no more, swept or not."""
        if self.state is R.RESERVED and self.ends_at <= now:
            return replace(self, state=R.EXPIRED)
        return self

    def is_live(self, now: datetime) -> bool:
        return self.settled(now).state is R.RESERVED

    def unwanted(self, before: Want | None, want: Want | None) -> str | None:
        """Why it is not what the admission wants any more; a want of the same place as before says nothing new."""
        if want is None:
            return "not_wanted"
        if before is not None and want.place == before.place:
            return None
        serves = want.department_id == self.department_id and want.bed_id in (None, self.bed_id)
        return None if serves else "wanted_elsewhere"

    def kept(self, stamp: Stamp) -> "Reservation":
        return self._step("keep", stamp)

    def cancelled(self, reason_code: str, stamp: Stamp) -> "Reservation":
        """Raises `ReservationOver`."""
        return self._step("cancel", stamp, reason_code=reason_code)

    def expired(self, stamp: Stamp) -> "Reservation":
        return self._step("expire", stamp, settle=False)

    def facts(self) -> dict[str, Any]:
        """What a refusal tells of it, also to those who have nothing to do with the patient."""
        return {
            "bed_id": self.bed_id,
            "reservation_id": self.id,
            "state": self.state,
            "reserved_from": self.starts_at,
            "reserved_until": self.ends_at,
            "changed_at": self.changed_at,
            "changed_by": self.changed_by,
        }

    def _step(self, act: str, stamp: Stamp, *, settle: bool = True, **changes: Any) -> "Reservation":
        now = self.settled(stamp.at) if settle else self
        step = RESERVATION_STEPS[act]
        if now.state not in step.sources:
            raise ReservationOver(**now.facts())
        return replace(
            self,
            state=step.becomes,
            version=self.version + 1,
            changed_at=stamp.at,
            changed_by=stamp.by,
            **changes,
        )
