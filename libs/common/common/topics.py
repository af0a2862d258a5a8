"""Topics: their names, their configuration and their creation. A topic is created from here, never by use."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

DAY_MS = 24 * 3600 * 1000
_TYPE = re.compile(r"hospital\.([^.]+)\.([^.]+)\.[^.]+\.v[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Topic:
    """The events of one aggregate. With `has_state`, a compacted topic carries its whole state for copies."""

    service: str
    aggregate: str
    has_state: bool = False

    @property
    def events(self) -> str:
        return f"hospital.{self.service}.{self.aggregate}.events.v1"

    @property
    def state(self) -> str:
        return f"hospital.{self.service}.{self.aggregate}.state.v1"

    @property
    def source(self) -> str:
        """The only `ce_source` that may write here."""
        return f"/hospital/{self.service}"

    def event_type(self, happened: str) -> str:
        return f"hospital.{self.service}.{self.aggregate}.{happened}.v1"

    def carries(self, event_type: str) -> bool:
        """Whether this is a type of its aggregate's events, of whatever major version."""
        match = _TYPE.fullmatch(event_type)
        return match is not None and match.groups() == (self.service, self.aggregate)

    @classmethod
    def parse(cls, name: str) -> "Topic":
        """The topic that a Kafka topic name belongs to."""
        match name.split("."):
            case ["hospital", service, aggregate, "events" | "state", "v1"]:
                return cls(service, aggregate)
        raise ValueError(f"not a topic of ours: {name}")


def configuration(name: str, replication: int) -> dict[str, str]:
    """The whole configuration of a topic: `alter_configs` resets what it does not name ●."""
    durable = {"min.insync.replicas": str(min(2, replication)), "unclean.leader.election.enable": "false"}
    if ".state." in name:
        return durable | {
            "cleanup.policy": "compact",
            "min.compaction.lag.ms": str(2 * DAY_MS),
            "delete.retention.ms": str(30 * DAY_MS),
        }
    return durable | {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}


def names(topics: Iterable[Topic]) -> list[str]:
    """Every Kafka topic name of these, once each (Kafka refuses a request that names one twice)."""
    each = (
        name
        for topic in topics
        for name in ([topic.events, topic.state] if topic.has_state else [topic.events])
    )
    return list(dict.fromkeys(each))


async def create_topics(
    bootstrap: str, topics: Iterable[Topic], *, partitions: int, replication: int
) -> None:
    """Creates those that are missing. Raises `KafkaError` for anything but "exists already"."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics(
            [
                NewTopic(n, partitions, replication, topic_configs=configuration(n, replication))
                for n in names(topics)
            ]
        )
        for topic, code, *_ in answer.topic_errors:  # the client itself never raises on these ●
            error: type[KafkaError] = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(topic)
    finally:
        await admin.close()


async def takes_connections(bootstrap: str) -> bool:
    """True when one of these brokers does. Raises OSError when none does.

    A replica that stands by in everything would not notice otherwise that Kafka is away.
    """
    failure = OSError("there is no address")
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError as refused:
            failure = refused
        else:
            writer.close()
            return True
    raise failure
