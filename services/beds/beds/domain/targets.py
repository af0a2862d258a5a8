"""How long a cleaning may take: what is counted, against which limit, and when a limit is missed (domain §3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Target(StrEnum):
    """What is counted, from the stamps of the job."""

    RESPONSE = "response"
    """From the request until somebody starts."""
    CLEANING = "cleaning"
    """From the start until completed, without the times of suspension."""
    TURNAROUND = "turnaround"
    """From the request until completed, suspensions included; an inspection comes after it."""


PERCENTS = (100, 150)
"""A miss is told of when the limit is reached, and once more when half as much again has passed."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The limits in minutes that were in force when the job was requested."""

    response: int
    cleaning: int
    turnaround: int


class Miss(NamedTuple):
    """A target that is missed at this moment, unless what it counts has ended before."""

    at: datetime
    target: Target
    percent: int

    @property
    def name(self) -> str:
        return f"{self.target}_{self.percent}"


class Span(NamedTuple):
    """What a target counts: since when, and until when if the clock does not run any more."""

    since: datetime
    until: datetime | None

    def misses(self, target: Target, targets: Targets) -> list[Miss]:
        """Every miss that there has been or will be if nothing happens."""
        limit = timedelta(minutes=getattr(targets, target))
        found = [Miss(self.since + limit * percent / 100, target, percent) for percent in PERCENTS]
        return [miss for miss in found if self.until is None or miss.at <= self.until]
