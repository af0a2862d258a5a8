"""When and by whom: every change takes its time and its author from outside; and the tag that tells versions apart."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stamp:
    """The one time of an act (UTC) and its actor, `user/<uuid>` or `service/<name>`."""

    at: datetime
    by: str


class Changed(Protocol):
    """Anything that knows when it was changed last."""

    @property
    def changed_at(self) -> datetime: ...


def version_tag(version: int, *, lapsed: bool = False) -> str:
    """The ETag of an aggregate. It covers what the clock decides: a hold that has `lapsed` changes it with no write."""
    return f'"{version}-lapsed"' if lapsed else f'"{version}"'
