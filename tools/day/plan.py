"""Who is admitted when on a day, for how long, and what becomes of them: the same for the same seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

#: Admissions in each hour of the day, of a hundred beds: few at night, most before noon and in the afternoon.
ARRIVALS = (
    *(0.7, 0.5, 0.5, 0.5, 0.5, 0.7, 1.4, 2.7, 4.5, 5.9, 6.3, 5.9),
    *(5.0, 5.0, 5.0, 4.5, 4.1, 3.6, 3.2, 2.3, 1.8, 1.4, 1.1, 0.9),
)
MEAN_STAY_HOURS = 30.0
"""Shorter than in most hospitals, so that one day has stays from their beginning to their end.

Together they keep about 85 of a hundred beds in use.
"""
TO_THE_WARD_MINUTES = (10.0, 25.0)
"""From the bed that is held to the arrival in it; a hold lives for thirty."""
HOUR = 3600.0


class Fate(StrEnum):
    """What becomes of somebody who is expected."""

    STAYS = "stays"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True)
class Coming:
    """One patient of the day. Times are seconds, `at` of the day and the others from the moment before them."""

    number: int
    at: float
    ward: int
    priority: str
    fate: Fate
    to_the_ward: float
    stay: float
    moves_after: float | None
    moves_to: int | None
    """Another ward, for a transfer; None for a move within the own."""


def coming(chance: random.Random, wards: int, beds: int, hours: float) -> Iterator[Coming]:
    """Everybody who comes within these hours from midnight, in their order; a Poisson process by the hour."""
    now, number = 0.0, 0
    while (hour := int(now / HOUR)) < hours:
        rate = ARRIVALS[hour % 24] * beds / 100
        now += chance.expovariate(rate) * HOUR
        if int(now / HOUR) > hour:
            now = (hour + 1) * HOUR  # memoryless: the next hour begins anew, at its own rate
            continue
        if now >= hours * HOUR:
            return
        number += 1
        yield _patient(chance, number, now, wards)


def stay_left(chance: random.Random) -> float:
    """Seconds that somebody who is in a bed already stays."""
    return chance.expovariate(1 / MEAN_STAY_HOURS) * HOUR


def _patient(chance: random.Random, number: int, at: float, wards: int) -> Coming:
    stay, ward = stay_left(chance), chance.randrange(wards)
    return Coming(
        number=number,
        at=at,
        ward=ward,
        priority=chance.choices(("emergency", "urgent", "elective"), (2, 5, 3))[0],
        fate=chance.choices(tuple(Fate), (92, 5, 3))[0],
        to_the_ward=chance.uniform(*TO_THE_WARD_MINUTES) * 60,
        stay=stay,
        moves_after=chance.uniform(0.2, 0.8) * stay if chance.random() < 0.25 else None,
        moves_to=(ward + chance.randrange(1, wards)) % wards if wards > 1 and chance.random() < 0.4 else None,
    )
