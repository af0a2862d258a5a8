"""Cots: places for newborns, each beside the bed of a mother (domain §3)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from beds.domain.bed import Bed, BedState
from common.errors import FieldError, Invalid, Refusal


class CotElsewhere(Refusal):
    code = "cot_elsewhere"
    sentence = (
        "A cot and a bed that has or had one stay in their room. Close it, and add another in the other room."
    )


class CotsOpen(Refusal):
    code = "cots_open"
    sentence = "A cot of this bed is still open. Close its cots first."


class BedOfCotClosed(Refusal):
    code = "bed_of_cot_closed"
    sentence = "The bed of this cot is closed. Open that first."


class NoCotThere(Refusal):
    code = "no_cot_there"
    sentence = (
        "A newborn in a cot of this bed goes along, and there is no free cot beside the other bed. "
        "Choose another bed, or move the newborn first."
    )


class NewbornsChanged(Refusal):
    code = "newborns_changed"
    sentence = "A newborn has just been put into a cot of this bed, or out of it. Look again."


class NewbornBesideBed(Refusal):
    code = "newborn_beside_bed"
    sentence = "Patients with a newborn beside the bed do not change places. Move one after the other."


class NotACotOf(Invalid):
    sentence = "A cot stands beside an open bed, which is no cot itself, in the same room."

    def __init__(self) -> None:
        super().__init__(
            errors=[
                FieldError(
                    field="body.cot_of_bed_id", code="unknown", message="name an open bed of this room"
                )
            ]
        )


def expect_bed_of_cot(bed: Bed | None, department_id: UUID, room_id: UUID | None) -> Bed:
    """That a cot of this department can stand beside it, in this room where one is named. Raises `NotACotOf`."""
    if bed is None or bed.cot_of_bed_id is not None or bed.state is BedState.CLOSED:
        raise NotACotOf
    if bed.room_id is None or bed.department_id != department_id or room_id not in (None, bed.room_id):
        raise NotACotOf
    return bed


def cots_of(bed_id: UUID, beds: Iterable[Bed]) -> list[Bed]:
    return [bed for bed in beds if bed.cot_of_bed_id == bed_id]


def assign_cots(
    newborns: Iterable[UUID], cots: Iterable[Bed], now: datetime, prior: Mapping[UUID, UUID | None]
) -> dict[UUID, UUID]:
    """For each admission a cot of its own: one held for it or dirty from it alone, else the `prior` one, or a free one.

    Raises `NoCotThere`.
    """
    there = [cot.settled(now) for cot in sorted(cots, key=lambda cot: cot.code)]
    assigned: dict[UUID, UUID] = {}
    for newborn in sorted(newborns, key=lambda one: (prior.get(one) is None, one)):
        fits = [cot for cot in there if cot.is_there_for(newborn) and cot.id not in assigned.values()]
        if not fits:
            raise NoCotThere
        best = min(fits, key=lambda cot: (cot.state is BedState.AVAILABLE, cot.id != prior.get(newborn)))
        assigned[newborn] = best.id
    return assigned
