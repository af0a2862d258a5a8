"""When and by whom: every change takes its time and its author from outside; and the tag that tells versions apart."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stamp:
    """The one time of an act (UTC) and its actor, `user/<uuid>` or `service/<name>`."""

    at: datetime
    by: str


class Versioned(Protocol):
    """An aggregate: it counts its changes and knows when the last one was."""

    @property
    def version(self) -> int: ...

    @property
    def changed_at(self) -> datetime: ...


def version_tag(*versions: int, lapsed: int = 0) -> str:
    """The ETag of what is shown, from the versions of all that is in it.

    It covers what the clock decides, too: each end that has `lapsed`, such as that of a hold, changes it without
    a write.
    """
    return f'"{".".join(map(str, versions))}{f"-{lapsed:d}" if lapsed else ""}"'
