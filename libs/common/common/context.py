"""What an act belongs to: who acts, on which request, caused by which event. Travels in a context variable."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from common.ids import new_id


@dataclass(frozen=True, slots=True)
class Trail:
    """The thread that ties logs, events and audit entries of one cause together.

    `actor` is `user/<uuid>` for people and programs, `service/<name>` for what a service does by itself.
    """

    correlation_id: str
    actor: str
    causation_id: str | None = None
    traceparent: str | None = None


_trail: ContextVar[Trail | None] = ContextVar("trail", default=None)


def current_trail() -> Trail:
    """The trail of this task; outside of any request or record a new one without a person."""
    return _trail.get() or Trail(correlation_id=str(new_id()), actor="service/unknown")


def trail_if_any() -> Trail | None:
    """The trail of this task, or None where nothing is being followed."""
    return _trail.get()


def act_as(actor: str) -> None:
    """From here on, this request is done by `actor`."""
    _trail.set(replace(current_trail(), actor=actor))


@contextmanager
def following(trail: Trail) -> Iterator[None]:
    """Everything inside belongs to `trail`."""
    token = _trail.set(trail)
    try:
        yield
    finally:
        _trail.reset(token)
