"""A placement: where the patient of one admission is, and the answer to what the admission wants (domain §2)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from beds.domain.placement.refusals import (
    AdmissionAlreadyHolds,
    AlreadyArrived,
    AlreadyThere,
    HoldExpired,
    NotInABed,
    NotOnLeave,
    NotWaiting,
    TransferNeeded,
)
from beds.domain.placement.states import HERE, WAITING, PlacementState, Unplaced
from beds.domain.placement.wish import Want, Wish
from beds.domain.rules.needs import Needs
from common.errors import FieldError, Invalid
from common.stamp import Stamp, version_tag

P = PlacementState
#: What a placement has no more when its hold or stay is over.
NO_BED: dict[str, Any] = dict.fromkeys(("bed_id", "hold_id", "held_until", "offer_id"))


@dataclass(frozen=True, slots=True)
class Placement:
    """Who waits, who holds, who is in a bed: one per admission, published in whole as the answer to its want."""

    admission_id: UUID
    patient_id: UUID
    state: PlacementState
    department_id: UUID | None
    bed_id: UUID | None
    hold_id: UUID | None
    held_until: datetime | None
    offer_id: UUID | None
    """The offer that the hold is, until a person accepts or declines it; None for any other hold."""
    since: datetime
    want: Want | None
    want_version: int
    stay_number: int
    refusal: Unplaced | None
    left_reason_code: str | None
    needs: Needs
    """What the patient needs, as it was last said: it still counts for a neighbour when no bed is wanted any more."""
    transfer_id: UUID | None
    reservation_id: UUID | None
    entered_in_error: bool
    """The admission should never have been: what was recorded of it stays, marked."""
    version: int
    changed_at: datetime
    changed_by: str

    @classmethod
    def first(cls, wish: Wish, stamp: Stamp) -> "Placement":
        """Before its first answer: queued, version 0."""
        return cls(
            admission_id=wish.admission_id,
            patient_id=wish.patient_id,
            state=P.QUEUED,
            department_id=None,
            **NO_BED,
            since=stamp.at,
            want=None,
            want_version=0,
            stay_number=1,
            refusal=None,
            left_reason_code=None,
            needs=Needs(),
            transfer_id=None,
            reservation_id=None,
            entered_in_error=False,
            version=0,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )

    def tag(self, now: datetime) -> str:
        return version_tag(self.version, lapsed=self.settled(now) is not self)

    def settled(self, now: datetime) -> "Placement":
        """As the clock has it: past its end, a hold is none and the placement is queued."""
        if self.state is P.HELD and self.held_until is not None and self.held_until <= now:
            return self._without_hold(self._refusal_without())
        return self

    def unsuited(self) -> "Placement":
        """The one bed that is wanted is free, and does not suit: a person decides, or something else is wanted."""
        return replace(self, refusal=Unplaced.RULE_FAILED)

    def answered(self, stamp: Stamp) -> "Placement":
        """The answer to a want: published also when nothing but `want_version` has changed."""
        return self._stamped(stamp)

    def entered_erroneously(self, stamp: Stamp) -> "Placement":
        """Nothing takes that back, so it does not matter which of the admission's words is heard last."""
        return replace(self, entered_in_error=True)._stamped(stamp)

    def held(
        self,
        bed_id: UUID,
        department_id: UUID,
        hold_id: UUID,
        until: datetime,
        stamp: Stamp,
        *,
        is_offer: bool = False,
        reservation_id: UUID | None = None,
    ) -> "Placement":
        """Holds a bed, in the queue or with another hold that has ended before. Raises `NotWaiting`.

        `reservation_id` is of what begins after the hold; any other ends with it.
        """
        self._expect_waiting()
        return replace(
            self,
            state=P.HELD,
            bed_id=bed_id,
            department_id=department_id,
            hold_id=hold_id,
            held_until=until,
            offer_id=hold_id if is_offer else None,
            refusal=None,
            reservation_id=reservation_id,
        )._stamped(stamp, since=stamp.at)

    def reserving(self, reservation_id: UUID, starts_at: datetime, stamp: Stamp) -> "Placement":
        """A bed is reserved for later; until then it waits, or holds. Raises `NotWaiting`, `AdmissionAlreadyHolds`."""
        self._expect_waiting()
        held_until = self.settled(stamp.at).held_until
        if held_until is not None and held_until > starts_at:
            raise AdmissionAlreadyHolds(**self.facts())
        return replace(self, reservation_id=reservation_id)._stamped(stamp)

    def unreserved(self, stamp: Stamp) -> "Placement":
        """No bed is reserved for it any more: waits like all others."""
        return replace(self, reservation_id=None)._stamped(stamp)

    def unheld(self, refusal: Unplaced, stamp: Stamp) -> "Placement":
        """Its hold has ended without an arrival: waits again, for a person."""
        return self._without_hold(refusal)._stamped(stamp, since=stamp.at)

    def passed_over(self, stamp: Stamp) -> "Placement":
        """Its hold has come to nothing. Whoever was offered a bed waits on, as long as before."""
        since = self.want.waited_since(stamp.at) if self.want and self.offer_id else stamp.at
        return self._without_hold(self._refusal_without())._stamped(stamp, since=since)

    def bed_for_arrival(self, named: UUID | None, reserved: UUID | None = None) -> UUID:
        """The bed that is named, else the one that is held, else `reserved`.

        Raises `AlreadyArrived`, `NotWaiting`, `HoldExpired`.
        """
        if self.state in HERE:
            raise AlreadyArrived(**self.facts())
        if self.state not in WAITING or (self.want is None and self.refusal is not Unplaced.RECOVERED):
            raise NotWaiting(**self.facts())
        bed_id = named or self.bed_id or reserved
        if bed_id is None and self.refusal is Unplaced.EXPIRED:
            raise HoldExpired(**self.facts())
        if bed_id is None:
            raise Invalid(
                "No bed is held for this patient: name a free one.",
                errors=[FieldError(field="body.bed_id", code="missing", message="name the bed")],
            )
        return bed_id

    def arrived(self, bed_id: UUID, department_id: UUID, stamp: Stamp) -> "Placement":
        return replace(
            self,
            state=P.IN_BED,
            department_id=department_id,
            **NO_BED | {"bed_id": bed_id},
            refusal=None,
            reservation_id=None,
        )._stamped(stamp, since=stamp.at)

    def moved(
        self, bed_id: UUID, department_id: UUID, stamp: Stamp, transfer_to: UUID | None = None
    ) -> "Placement":
        """Into another bed of the same department, or of the one that a transfer leads to.

        Raises `NotInABed`, `AlreadyThere`, `TransferNeeded`.
        """
        if self.state is not P.IN_BED:
            raise NotInABed(**self.facts())
        if self.bed_id == bed_id:
            raise AlreadyThere(**self.facts())
        if department_id not in (self.department_id, transfer_to):
            raise TransferNeeded(**self.facts())
        return self._brought_to(bed_id, department_id, transfer_to)._stamped(stamp, since=stamp.at)

    def left_on_leave(self, stamp: Stamp) -> "Placement":
        """Away for a while; the bed is kept. Raises `NotInABed`."""
        if self.state is not P.IN_BED:
            raise NotInABed(**self.facts())
        return replace(self, state=P.ON_LEAVE)._stamped(stamp, since=stamp.at)

    def returned(self, stamp: Stamp) -> "Placement":
        """Back in the own bed. Raises `NotOnLeave`."""
        if self.state is not P.ON_LEAVE:
            raise NotOnLeave(**self.facts())
        return replace(self, state=P.IN_BED)._stamped(stamp, since=stamp.at)

    def brought(
        self, bed_id: UUID, department_id: UUID, stamp: Stamp, transfer_to: UUID | None = None
    ) -> "Placement":
        """Back after a mistake (A12), or along with the mother: into any department. Raises `NotInABed`."""
        if self.state is not P.IN_BED:
            raise NotInABed(**self.facts())
        return self._brought_to(bed_id, department_id, transfer_to)._stamped(stamp, since=stamp.at)

    def arrival_reversed(self, stamp: Stamp) -> "Placement":
        """The patient was never here (A11): waits again where a bed is wanted. Raises `NotInABed`."""
        if self.state is not P.IN_BED:
            raise NotInABed(**self.facts())
        if self.want is not None:
            waits = replace(self._without_hold(Unplaced.REVERSED), transfer_id=None, needs=self.want.needs)
            return waits._stamped(stamp, since=stamp.at)
        over = P.LEFT if self.stay_number > 1 else P.WITHDRAWN
        return replace(self, state=over, transfer_id=None, **NO_BED)._stamped(stamp, since=stamp.at)

    def transferring(self, transfer_id: UUID | None, stamp: Stamp) -> "Placement":
        """A transfer is pending, or (None) is not any more; where the patient is stays as it was."""
        return replace(self, transfer_id=transfer_id)._stamped(stamp)

    def needing(self, needs: Needs) -> "Placement":
        """The same patient in another department, or back from it."""
        return replace(self, needs=needs)

    def departed(self, reason_code: str, stamp: Stamp) -> "Placement":
        """Gone: a fact, never refused for paperwork. Raises `NotInABed`."""
        if self.state not in HERE and self.refusal is not Unplaced.RECOVERED:
            raise NotInABed(**self.facts())
        return replace(
            self, state=P.LEFT, bed_id=None, refusal=None, left_reason_code=reason_code, transfer_id=None
        )._stamped(stamp, since=stamp.at)

    def facts(self) -> dict[str, Any]:
        """What a refusal tells of the placement as it is now, and who made it so."""
        return {
            "admission_id": self.admission_id,
            "state": self.state,
            "bed_id": self.bed_id,
            "held_until": self.held_until,
            "changed_at": self.changed_at,
            "changed_by": self.changed_by,
        }

    def _expect_waiting(self) -> None:
        if self.state not in WAITING or self.want is None or self.refusal is Unplaced.RECOVERED:
            raise NotWaiting(**self.facts())

    def _brought_to(self, bed_id: UUID, department_id: UUID, transfer_to: UUID | None) -> "Placement":
        """Whatever brings the patient to the transfer's department completes it; other transfers stay."""
        completed = department_id == transfer_to
        transfer_id = None if completed else self.transfer_id
        return replace(self, bed_id=bed_id, department_id=department_id, transfer_id=transfer_id)

    def _refusal_without(self) -> Unplaced:
        """Why it has no bed once its hold is over: after an offer it is tried again by itself."""
        return Unplaced.EXPIRED if self.offer_id is None else Unplaced.NO_BED

    def _without_hold(self, refusal: Unplaced) -> "Placement":
        """Waits where a bed is wanted, though one may have been held elsewhere."""
        department = self.want.department_id if self.want else self.department_id
        return replace(self, state=P.QUEUED, refusal=refusal, department_id=department, **NO_BED)

    def _stamped(self, stamp: Stamp, since: datetime | None = None) -> "Placement":
        return replace(
            self,
            version=self.version + 1,
            since=since or self.since,
            changed_at=stamp.at,
            changed_by=stamp.by,
        )
