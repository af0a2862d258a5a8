"""How a newer wish of the admission is met: the protocol of domain §2, before any bed is looked for."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from beds.domain.placement.placement import NO_BED, Placement
from beds.domain.placement.states import HERE, PlacementState, Unplaced
from beds.domain.placement.wish import Want, Wish
from common.stamp import Stamp

P = PlacementState


class Reconciled(NamedTuple):
    """What a wish comes to before any bed is looked for."""

    placement: Placement
    ends_hold: bool
    seeks_bed: bool


def reconcile(
    before: Placement,
    wish: Wish,
    held_department: UUID | None,
    stamp: Stamp,
    *,
    suits: bool = True,
    is_reserved: bool = False,
) -> Reconciled:
    """Steps 1 to 4 of the protocol, not yet stamped: `held` (step 5) or `answered` (step 6) follows.

    `held_department` is that of the bed held now, which `suits` by the placement rules or does not. Whoever
    `is_reserved` a bed that is still wanted waits for that one. The caller has checked that the wish is newer.
    """
    is_decided = _is_decided(before, wish)
    needs = wish.want.needs if wish.want else before.needs
    if is_decided and before.want is not None and needs == before.want.needs:
        needs = before.needs  # the same again takes nothing back that a transfer has said since
    marked = before.entered_in_error or wish.entered_in_error
    placement = replace(
        before,
        want=wish.want,
        want_version=wish.want_version,
        needs=needs,
        reservation_id=before.reservation_id if is_reserved else None,
        entered_in_error=marked,
    )
    if is_decided:
        return Reconciled(placement, ends_hold=False, seeks_bed=False)
    fits = suits and _hold_fits(before, wish.want, held_department, stamp.at)
    ends_hold = before.state is P.HELD and not fits
    if ends_hold:
        placement = replace(placement, state=P.QUEUED, since=stamp.at, **NO_BED)
    if wish.want is None:
        over = P.LEFT if placement.stay_number > 1 else P.WITHDRAWN
        placement = replace(placement, state=over, refusal=None, since=stamp.at)
    elif placement.state is not P.HELD:
        placement = replace(
            placement,
            state=P.QUEUED,
            department_id=wish.want.department_id,
            refusal=Unplaced.NO_BED if wish.want.ready else Unplaced.NOT_READY,
            since=wish.want.waited_since(stamp.at),
            stay_number=wish.stay_number,
            left_reason_code=None,
        )
    seeks_bed = placement.refusal is Unplaced.NO_BED and not is_reserved
    return Reconciled(placement, ends_hold, seeks_bed)


def _is_decided(placement: Placement, wish: Wish) -> bool:
    """Presence is not changed by a want (step 2)."""
    reopened = wish.want is not None and wish.stay_number > placement.stay_number
    return (
        placement.state in HERE
        or placement.refusal is Unplaced.RECOVERED
        or (placement.state is P.LEFT and not reopened)
    )


def _hold_fits(placement: Placement, want: Want | None, held_department: UUID | None, now: datetime) -> bool:
    return (
        placement.state is P.HELD
        and want is not None
        and held_department == want.department_id
        and want.bed_id in (None, placement.bed_id)
        and placement.held_until is not None
        and placement.held_until > now
    )
