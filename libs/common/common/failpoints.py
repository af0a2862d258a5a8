"""Fail points: named lines at which a process kills itself when it is told to, to show that nothing is lost there.

`WARDLINE_FAILPOINT=<name>:<nth>` in the environment of a process: when it comes to the line of that name for the nth
time it ends as by a loss of power (SIGKILL), or with `:stop` behind it stands still (SIGSTOP) until it is continued.
Without the variable a fail point is an empty function.
"""

import os
import signal
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

VARIABLE = "WARDLINE_FAILPOINT"

Point: TypeAlias = Callable[[], None]

_wished = os.environ.get(VARIABLE, "")
_name, _, _when = _wished.partition(":")
_nth, _, _how = _when.partition(":")
_SIGNALS = {"": signal.SIGKILL, "stop": signal.SIGSTOP}
_known: set[str] = set()


class Commit(NamedTuple):
    """The fail points on both sides of one kind of commit."""

    before: Point
    after: Point


class _Fuse:
    """The one fail point that is set in this process."""

    def __init__(self, left: int) -> None:
        self._left = left

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.write(2, f"fail point {_name}\n".encode())
            os.kill(os.getpid(), _SIGNALS[_how])


def _pass_by() -> None:
    """What a fail point is where none is set."""


UNNAMED = Commit(_pass_by, _pass_by)


def point(name: str) -> Point:
    """Declares a fail point, while modules are imported; what comes back is called at the line."""
    _known.add(name)
    return _Fuse(int(_nth)) if name == _name and _is_wish() else _pass_by


def around_commit(of: str) -> Commit:
    """Declares `<of>.before_commit` and `<of>.after_commit`; acts that change nothing pass by both."""
    return Commit(point(f"{of}.before_commit"), point(f"{of}.after_commit"))


def is_set(of: str) -> bool:
    """Whether a fail point of this kind of work is set in this process."""
    return _name.startswith(f"{of}.")


def names() -> list[str]:
    """Every fail point of this process."""
    return sorted(_known)


def check() -> None:
    """Called once all is imported. Raises `SystemExit` when the variable names no fail point of this process."""
    if _wished and not (_name in _known and _is_wish()):
        raise SystemExit(
            f"{VARIABLE}={_wished}: say <name>:<nth>, or <name>:<nth>:stop, with nth from 1 and one of these names,"
            f" which this process has: {', '.join(names())}."
        )


def _is_wish() -> bool:
    return _nth.isascii() and _nth.isdigit() and int(_nth) > 0 and _how in _SIGNALS
