"""What was released is kept: whoever reads by a released schema can read what is published now."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsoncompat

Schemas = Mapping[str, Mapping[str, Any]]
"""By event type."""


def broken(released: Schemas, present: Schemas) -> Iterator[str]:
    """A sentence for each promise that is not kept. We are the writer: jsoncompat judges as serializer."""
    topics = {topic for schema in present.values() for topic in schema["x-topics"]}
    for topic in sorted({topic for schema in released.values() for topic in schema["x-topics"]} - topics):
        yield f"The topic {topic} is gone."
    for name, before in sorted(released.items()):
        now = present.get(name)
        if now is None:
            yield f"The type {name} is gone."
            continue
        for topic in sorted((set(before["x-topics"]) & topics) - set(now["x-topics"])):
            yield f"{topic} does not carry {name} any more."
        why = list(_fields(before["properties"], now["properties"]))
        yield from (f"{name}: {sentence}" for sentence in why)
        if not why and not _fits(_judged(before), _judged(now)):
            yield f"{name}: what is published now does not fit the released schema."


def _fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for field in before:
        if field not in now:
            yield f"the field `{field}` is gone."
        elif not _fits(before[field], now[field]):
            yield f"the field `{field}` can have values that the released schema does not know."
        else:
            for form in sorted(set(_lost_formats(before[field], now[field]))):
                yield f"the field `{field}` can have values that are no {form}."


def _lost_formats(before: Any, now: Any) -> Iterator[str]:
    """A `format` is only a remark to jsoncompat, but whoever reads an id as a UUID relies on it."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        form = before.get("format")
        if isinstance(form, str) and now.get("format") != form:
            yield form
        for word in before.keys() & now.keys():
            yield from _lost_formats(before[word], now[word])
    elif isinstance(before, list) and isinstance(now, list):
        for former, present in zip(before, now, strict=False):
            yield from _lost_formats(former, present)


def _judged(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the name of the dialect: jsoncompat takes no other than 2020-12, AsyncAPI none but draft 7."""
    return {word: part for word, part in schema.items() if word in ("type", "required", "properties")}


def _fits(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return jsoncompat.check_compat(json.dumps(before), json.dumps(now), "serializer")
