"""JSON Schema of a payload, from the very types that it is published from."""

from typing import Any

from pydantic import TypeAdapter

_CHANGED = {
    "type": "array",
    "items": {"type": "string"},
    "description": "The fields of the state that this event changed.",
}


def payload_schema(state: type, facts: type | None, *, tells_changes: bool) -> dict[str, Any]:
    """Draft 7, in one piece: others need not follow references. Fields may be added, so more than these is allowed."""
    schema = _of(state)
    properties = schema["properties"]
    if tells_changes:
        properties["changed"] = _CHANGED
    properties |= facts_schema(facts).get("properties", {})
    return {"type": "object", "required": list(properties), "properties": properties}


def facts_schema(facts: type | None) -> dict[str, Any]:
    return {} if facts is None else _of(facts)


def _of(kind: type) -> dict[str, Any]:
    made = TypeAdapter(kind).json_schema(mode="serialization")
    schema: dict[str, Any] = _plain(made, made.get("$defs", {}))
    return schema


def _plain(part: Any, definitions: dict[str, Any]) -> Any:
    """References replaced by what they refer to, and all that is written always called required."""
    if isinstance(part, list):
        return [_plain(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _plain(definitions[part["$ref"].rpartition("/")[2]], definitions)
    plain = {key: _plain(value, definitions) for key, value in part.items() if key not in _LEFT_OUT}
    if isinstance(properties := part.get("properties"), dict):
        plain["properties"] = {name: _plain(value, definitions) for name, value in properties.items()}
        plain["required"] = list(properties)
    return plain


_LEFT_OUT = {"$defs", "title", "default", "properties"}
