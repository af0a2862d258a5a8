"""The catalogue of events as a page for people."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

import orjson

from common.catalogue import StateEvent
from common.envelope import JSON_OPTIONS, Fact
from tools.contracts.asyncapi import readers
from tools.contracts.headers import HEADERS
from tools.contracts.published import EventType

_TOP = """\
# Events

Made by `make contracts` from the `events.py` of each service; [CONTRIBUTING.md](../CONTRIBUTING.md) says how to add
one. For programs: [asyncapi.yaml](../contracts/asyncapi.yaml), and for each type a JSON Schema with an example in
[contracts/events](../contracts/events).

Every record is a CloudEvent 1.0.2 in Kafka's binary mode. Its key is the id of the aggregate: what happened to one bed
is in order. The payload is the **whole new state** of the aggregate, with the names of the fields that the event
`changed`; where it tells more than the state, that is beside the type. No payload has the name of a person or a free
text. A record may come twice; `ce_id` tells. Fields may be added at any time: pass over what you do not know.

## Headers
"""


def page(types: Iterable[EventType], examples: Mapping[str, Fact]) -> str:
    """Markdown, a chapter per aggregate."""
    lines = [_TOP, *_table(("header", "form", "meaning"), map(_header_row, HEADERS["properties"].items()))]
    for (service, aggregate), group in groupby(
        types, key=lambda kind: (kind.topic.service, kind.topic.aggregate)
    ):
        kinds = list(group)
        lines += ["", f"## {service}: {aggregate.replace('_', ' ')}", "", *_topics(kinds), ""]
        lines += _table(("type", "meaning", "with it"), map(_type_row, kinds))
        lines += ["", *_table(("field", "form", "meaning"), _fields(kinds[0])), ""]
        lines += [f"`{kinds[0].name}`, for example:", "", "```json", _pretty(examples[kinds[0].name]), "```"]
    return "\n".join(lines) + "\n"


def _topics(kinds: list[EventType]) -> Iterator[str]:
    for channel in dict.fromkeys(channel for kind in kinds for channel in kind.channels):
        if ".state." in channel:
            heard = ", ".join(readers(channel)) or "none of our services"
            only = [kind for kind in kinds if channel in kind.channels]
            of = (
                ""
                if len(only) == len(kinds)
                else ", only " + ", ".join(f"`{kind.happening}`" for kind in only)
            )
            yield f"* `{channel}`, compacted: the latest of each key is there for good{of} (copied by {heard})"
        else:
            yield f"* `{channel}`, kept 30 days"


def _type_row(kind: EventType) -> tuple[str, str, str]:
    further = "; ".join(
        f"`{name}`: {_form(schema)}" for name, schema in kind.facts_schema().get("properties", {}).items()
    )
    where = " Only on the state topic." if isinstance(kind.happening, StateEvent) else ""
    link = f"[`{kind.happening}`](../contracts/events/{kind.name}.json)"
    return link, kind.happening.meaning + where, further


def _fields(kind: EventType) -> Iterator[tuple[str, str, str]]:
    own = kind.facts_schema().get("properties", {})
    for name, schema in kind.schema()["properties"].items():
        if name not in own:
            yield f"`{name}`", _form(schema), _meaning(schema)


def _header_row(header: tuple[str, dict[str, Any]]) -> tuple[str, str, str]:
    name, schema = header
    optional = "" if name in HEADERS["required"] else " Not always there."
    return f"`{name}`", _form(schema), _meaning(schema) + optional


def _form(schema: Mapping[str, Any]) -> str:
    """In a word or few."""
    match schema:
        case {"anyOf": [one, {"type": "null"}]}:
            form = f"{_form(one)}, or null"
        case {"const": constant}:
            form = f"`{constant}`"
        case {"enum": words}:
            form = ", ".join(f"`{word}`" for word in words)
        case {"pattern": pattern}:
            form = f"`{pattern}`".replace("|", "\\|")
        case {"format": word}:
            form = str(word)
        case {"type": "array", "items": items}:
            form = f"list of: {_form(items)}"
        case {"type": "object", "properties": properties}:
            form = "object: " + ", ".join(f"`{name}`" for name in properties)
        case _:
            form = str(schema.get("type", "anything"))
    return form


def _meaning(schema: Mapping[str, Any]) -> str:
    for part in (schema, *schema.get("anyOf", ()), schema.get("items", {})):
        if "description" in part:
            return " ".join(str(part["description"]).split()).replace("|", "\\|")
    return ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _pretty(told: Fact) -> str:
    return orjson.dumps(told.payload, option=JSON_OPTIONS | orjson.OPT_INDENT_2).decode()
