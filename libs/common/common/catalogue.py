"""What a service publishes: each aggregate with the type of its state, each event with its meaning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self, TypeVar
from uuid import UUID

from common.envelope import Fact, fact
from common.stamp import Versioned
from common.topics import Topic

S = TypeVar("S", bound=Versioned)


class Happening(StrEnum):
    """What can happen to an aggregate, in the past tense: `HELD = "held", "What it means."`.

    A third part is the dataclass of the facts that go with it and are no part of the state, such as a reason code.
    """

    meaning: str
    facts: type[Any] | None

    def __new__(cls, word: str, meaning: str, facts: type[Any] | None = None) -> Self:
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning, member.facts = meaning, facts
        return member


class StateEvent(Happening):
    """What only state topics carry."""

    REPEATED = "repeated", "The state as it is, said again. Nothing has happened."


@dataclass(frozen=True, slots=True)
class Published:
    """One aggregate: its topic, the dataclass that is its published state, and all that can happen to it.

    Access events have a state that never changes, and so no `changed`.
    """

    topic: Topic
    state: type
    happenings: tuple[Happening, ...]
    changes: bool = True

    @classmethod
    def of(cls, topic: Topic, state: type, happenings: Iterable[Happening], *, changes: bool = True) -> Self:
        return cls(topic, state, tuple(happenings), changes)


class Catalogue:
    """Everything that one service publishes."""

    def __init__(self, *published: Published) -> None:
        self.published = published
        self.topics = tuple(one.topic for one in published)
        self._by_kind: Mapping[type, Published] = {
            type(happening): one for one in published if one.changes for happening in one.happenings
        }

    def happened(self, what: Happening, key: UUID, state: S, before: S | None, facts: Any = None) -> Fact:
        """The fact that tells of one change of one aggregate: its whole new state, which fields changed, and why.

        What goes with it is of the declared type, so that schema and payload are one; left out, it has its defaults.
        Raises TypeError for anything else.
        """
        published = self._by_kind[type(what)]
        if what.facts is not None and facts is None:
            facts = what.facts()
        if not isinstance(state, published.state) or not isinstance(facts, what.facts or type(None)):
            raise TypeError(f"{what!r} is published with another type than the declared one")
        more = {} if facts is None else {field.name: getattr(facts, field.name) for field in fields(facts)}
        return fact(published.topic, what, state, key=key, at=state.changed_at, before=before, **more)
