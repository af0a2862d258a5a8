"""An offer: a bed that became free, held for a few minutes for whoever goes first in the queue (domain §3, *Queue*)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from beds.domain.bed import Bed
from beds.domain.placement import HoldExpired, Placement, PlacementState
from beds.domain.step import Step
from common.errors import Refusal
from common.stamp import Stamp

OFFER = timedelta(minutes=10)
"""How long an offer stands (domain §3)."""


class OfferState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


S = OfferState


#: Every step that an offer may take.
OFFER_STEPS: Mapping[str, Step[OfferState]] = {
    "accept": Step({S.OFFERED}, S.ACCEPTED),
    "decline": Step({S.OFFERED}, S.DECLINED),
    "expire": Step({S.OFFERED}, S.EXPIRED),
    "withdraw": Step({S.OFFERED}, S.WITHDRAWN),
}


class NoOffer(Refusal):
    code = "no_offer"
    sentence = "No bed is offered to this patient now."


@dataclass(frozen=True, slots=True)
class Offer:
    """What was offered to whom, for which want at last, and what became of it. Its id is that of its hold."""

    id: UUID
    admission_id: UUID
    bed_id: UUID
    department_id: UUID
    want_version: int
    offered_at: datetime
    offered_until: datetime
    state: OfferState
    reason_code: str | None
    decided_at: datetime | None
    decided_by: str | None
    """None also when nobody decided until it was over."""

    @classmethod
    def made(cls, hold_id: UUID, waiting: Placement, bed: Bed, until: datetime, stamp: Stamp) -> "Offer":
        return cls(
            id=hold_id,
            admission_id=waiting.admission_id,
            bed_id=bed.id,
            department_id=bed.department_id,
            want_version=waiting.want_version,
            offered_at=stamp.at,
            offered_until=until,
            state=S.OFFERED,
            reason_code=None,
            decided_at=None,
            decided_by=None,
        )

    def settled(self, now: datetime) -> "Offer":
        """As the clock has it: past its end it is over, swept or not."""
        if self.state is S.OFFERED and self.offered_until <= now:
            return self._step("expire", decided_at=self.offered_until)
        return self

    def expect_open(self, placement: Placement, now: datetime) -> None:
        """A person may decide. Raises `HoldExpired` when it is too late, `NoOffer` when there is nothing to decide."""
        offer = self.settled(now)
        if offer.state is S.EXPIRED and placement.settled(now).state is PlacementState.QUEUED:
            raise HoldExpired(**offer.facts())
        if offer.state is not S.OFFERED:
            raise NoOffer(**offer.facts())

    def ended(self, before: Placement, after: Placement, declined_for: str | None = None) -> "Offer":
        """Its placement has gone on: with the bed, which was accepted then, or without it."""
        offer = replace(self, want_version=before.want_version)
        over = offer.settled(after.changed_at)
        if over is not offer:
            return over
        kept = "accept" if after.bed_id == self.bed_id else "withdraw"
        return offer._step(
            kept if declined_for is None else "decline",
            reason_code=declined_for,
            decided_at=after.changed_at,
            decided_by=after.changed_by,
        )

    def facts(self) -> dict[str, Any]:
        """What a refusal tells of the offer as it is now, and who made it so."""
        return {
            "offer_id": self.id,
            "state": self.state,
            "bed_id": self.bed_id,
            "held_until": self.offered_until,
            "changed_at": self.decided_at or self.offered_at,
            "changed_by": self.decided_by,
        }

    def _step(self, act: str, **decision: Any) -> "Offer":
        step = OFFER_STEPS[act]
        if self.state not in step.sources:
            raise NoOffer(**self.facts())
        return replace(self, state=step.becomes, **decision)
