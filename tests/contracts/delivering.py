"""The committed examples, as Kafka would deliver them to a consumer."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from aiokafka import ConsumerRecord

from common.applying import Effects, Reaction, Record
from common.clock import rfc3339
from common.db import Database
from common.envelope import Headers
from common.ids import new_id
from common.incoming import Incoming, receive
from common.topics import Topic
from tools.contracts.examples import examples
from tools.contracts.published import event_types

_EVENTS = Path(__file__).parents[2] / "contracts" / "events"


def types_in(topics: Iterable[Topic]) -> list[tuple[str, str]]:
    """Every state topic of these with every type that it carries, as a consumer of states meets them."""
    return [
        (topic.state, kind.name) for topic in topics for kind in event_types() if topic.state in kind.channels
    ]


def payload(name: str) -> dict[str, Any]:
    """The committed example of a type."""
    example: dict[str, Any] = json.loads((_EVENTS / f"{name}.json").read_text())["examples"][0]
    return example


def a_record(channel: str, name: str) -> Record:
    """The committed example of a type, in this topic."""
    told, key = examples()[name], str(examples()[name].key).encode()
    headers = Headers(
        id=str(new_id()),
        source=told.topic.source,
        type=name,
        subject=told.subject,
        time=rfc3339(told.at),
        partitionkey=str(told.key),
        sequence=told.version,
        streamseq="1.1",
        correlationid="request-1",
        causationid=None,
        actor="service/beds",
        traceparent=None,
    ).encode()
    value = orjson.dumps(payload(name))
    return ConsumerRecord(channel, 0, 0, 0, 0, key, value, None, len(key), len(value), tuple(headers))


async def deliver(database: Database, effects: Effects, record: Record) -> None:
    """What the consumer does with it. Raises what would make a dead letter of it."""
    effect = effects[record.topic]
    received = receive(record, effect.read)
    assert isinstance(received, Incoming)
    async with database.write() as act:
        if isinstance(effect, Reaction):
            await effect.handle(act, received.said)
        else:
            await effect.apply(act, [received.said])
