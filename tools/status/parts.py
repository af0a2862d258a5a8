"""The parts of a hospital and how each is; whether all is well."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

LATE_SECONDS = 60.0
"""For how long a number may be missing from the log before that is more than partitions read side by side."""


class State(IntEnum):
    """Also the exit code, as monitoring programs know it."""

    OK = 0
    DEGRADED = 1
    DOWN = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Outbox:
    waiting: int
    age_s: float


@dataclass(frozen=True, slots=True)
class Part:
    """One process. Of one that is down its database still tells outbox, dead letters and lag, where it can be asked."""

    name: str
    state: State
    version: str | None = None
    age_s: float | None = None
    outbox: Outbox | None = None
    lag: int | None = None
    dead_letters: int | None = None
    relay_active: bool | None = None
    remarks: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    """All that the process says of itself."""


def judged(parts: Sequence[Part]) -> Sequence[Part]:
    """The parts of one hospital with what only all of them together show: a service whose outbox nobody publishes."""
    replicas: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        replicas[part.name].append(part)
    return [
        _worse(part, "no replica publishes the outbox") if _is_mute(replicas[part.name]) else part
        for part in parts
    ]


def _is_mute(replicas: Iterable[Part]) -> bool:
    told = [part.relay_active for part in replicas if part.relay_active is not None]
    return bool(told) and not any(told)


def _worse(part: Part, remark: str) -> Part:
    return replace(part, state=max(part.state, State.DEGRADED), remarks=[*part.remarks, remark])


def overall(parts: Iterable[Part]) -> State:
    """As bad as the worst."""
    return max((part.state for part in parts), default=State.DOWN)


def remarks_on(details: Mapping[str, Any]) -> Iterator[str]:
    """What in the details of a process somebody should look at; each makes the part degraded."""
    if (state := details["state"]) != "ok":
        yield state
    if letters := details["dead_letters"]:
        yield f"{letters} dead letters"
    if wants := details.get("unanswered_wants"):
        yield f"{wants} wants unanswered for 30 s"
    for name, numbered in (("stream", "event"), ("sequence", "version")):
        for series, age in (details.get(f"log_{name}_missing_s") or {}).items():
            if age > LATE_SECONDS:
                first = details[f"log_{name}_missing"].get(series)
                yield f"{numbered} {first} of {series} has been missing for {age:.0f} s"
