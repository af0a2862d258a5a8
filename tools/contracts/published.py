"""Every event type of the hospital, as its service declares it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from admissions import events as admissions
from audit import events as audit
from beds import events as beds
from common.catalogue import Happening, Published, StateEvent
from common.topics import Topic
from gateway import events as gateway
from tools.contracts.schemas import facts_schema, payload_schema

#: A service that publishes is named here.
CATALOGUES = (beds.CATALOGUE, admissions.CATALOGUE, gateway.CATALOGUE, audit.CATALOGUE)


@dataclass(frozen=True)
class EventType:
    """One type: where it is published, what it means and what it carries."""

    published: Published
    happening: Happening

    @property
    def topic(self) -> Topic:
        return self.published.topic

    @property
    def name(self) -> str:
        return self.topic.event_type(self.happening)

    @property
    def channels(self) -> list[str]:
        """The Kafka topics that carry it."""
        events = [] if isinstance(self.happening, StateEvent) else [self.topic.events]
        return events + ([self.topic.state] if self.topic.has_state else [])

    def schema(self) -> dict[str, Any]:
        """JSON Schema of its payload."""
        return payload_schema(
            self.published.state, self.happening.facts, tells_changes=self.published.changes
        )

    def facts_schema(self) -> dict[str, Any]:
        """JSON Schema of what goes with it beside the state; empty where nothing does."""
        return facts_schema(self.happening.facts)


def event_types() -> Iterator[EventType]:
    """In the order of the declarations."""
    for catalogue in CATALOGUES:
        for published in catalogue.published:
            for happening in published.happenings:
                yield EventType(published, happening)
            if published.topic.has_state:
                yield EventType(published, StateEvent.REPEATED)
