"""One AsyncAPI 3.0 document: a channel per Kafka topic, a message per event type, who sends and who receives."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from admissions.main import BLUEPRINT as ADMISSIONS
from audit.events import SERVICE as AUDIT
from beds.main import BLUEPRINT as BEDS
from common.topics import Topic, configuration
from gateway.consumers import CONSUMES
from gateway.events import SERVICE as GATEWAY
from tools.contracts.headers import HEADERS
from tools.contracts.published import EventType

_PRODUCTION_REPLICATION = 3
_READERS = {BEDS.service: BEDS.consumes, ADMISSIONS.service: ADMISSIONS.consumes, GATEWAY: CONSUMES}
_DESCRIPTION = """\
What a hospital's operations publish on Kafka: CloudEvents 1.0.2 in binary mode, JSON payloads, nothing that
identifies a person. Records of one aggregate are in order; a record may come twice and is known by `ce_id`.
Fields may be added at any time."""


def document(types: Iterable[EventType], version: str) -> dict[str, Any]:
    """The whole document. Payloads are in files of their own beside it."""
    by_channel: dict[str, list[EventType]] = defaultdict(list)
    messages: dict[str, Any] = {}
    for kind in types:
        messages[kind.name] = _message(kind)
        for channel in kind.channels:
            by_channel[channel].append(kind)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Wardline",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel: _channel(channel, carried) for channel, carried in by_channel.items()},
        "operations": {
            name: operation for channel in by_channel for name, operation in _operations(channel).items()
        },
        "components": {
            "messages": messages,
            "messageTraits": {"cloudevent": {"headers": HEADERS, "contentType": "application/json"}},
        },
    }


def readers(channel: str) -> list[str]:
    """The services that react to a topic or keep a copy of it."""
    if ".events." in channel:
        return [AUDIT]
    state = Topic.parse(channel).state
    return [reader for reader, topics in _READERS.items() if state in {topic.state for topic in topics}]


def _message(kind: EventType) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": f"{kind.topic.aggregate} {kind.happening}".replace("_", " "),
        "summary": kind.happening.meaning,
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": {"$ref": f"./events/{kind.name}.json"},
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}, "bindingVersion": "0.5.0"}},
    }


def _channel(channel: str, carried: Iterable[EventType]) -> dict[str, Any]:
    configured = configuration(channel, _PRODUCTION_REPLICATION)
    kept = {"cleanup.policy": [configured["cleanup.policy"]]} | {
        name: int(configured[name]) for name in ("retention.ms", "delete.retention.ms") if name in configured
    }
    return {
        "address": channel,
        "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"} for kind in carried},
        "bindings": {"kafka": {"topicConfiguration": kept, "bindingVersion": "0.5.0"}},
    }


def _operations(channel: str) -> dict[str, Any]:
    """The owner sends, and nobody else; the others named receive."""
    owner = Topic.parse(channel).service
    reference = {"$ref": f"#/channels/{channel}"}
    sends = {f"{owner}.sends.{channel}": {"action": "send", "channel": reference}}
    receives = {
        f"{reader}.receives.{channel}": {"action": "receive", "channel": reference}
        for reader in readers(channel)
    }
    return sends | receives
