"""A row of a table of steps: from which states a command may be taken, and what it leads to."""

from collections.abc import Set
from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S")


class Step(NamedTuple, Generic[S]):
    sources: Set[S]
    becomes: S
