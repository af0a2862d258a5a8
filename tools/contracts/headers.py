"""The headers of every record, as a schema."""

from typing import Any


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


_ALWAYS: dict[str, Any] = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": _text("Of this event, once and for all; a repetition has the same.", format="uuid"),
    "ce_source": _text("The service that owns the topic.", pattern="^/hospital/[a-z_]+$"),
    "ce_type": _text("What happened.", pattern=r"^hospital\.[a-z_]+\.[a-z_]+\.[a-z_]+\.v[0-9]+$"),
    "ce_subject": _text("The aggregate, as `bed/<id>`.", pattern="^[a-z_]+/[0-9a-f-]{36}$"),
    "ce_time": _text("When it was recorded (UTC).", format="date-time"),
    "ce_partitionkey": _text("The id of the aggregate, as in the key of the record.", format="uuid"),
    "ce_sequence": _text("The version of the aggregate.", pattern="^[0-9]{20}$"),
    "ce_correlationid": _text("Of the request that everything followed from."),
    "ce_actor": _text("Who did it.", pattern="^(anonymous|(user|service)/.+)$"),
    "ce_dataschema": _text("The schema of the payload.", format="uri-reference"),
    "content-type": {"type": "string", "const": "application/json"},
}
_SOMETIMES: dict[str, Any] = {
    "ce_streamseq": _text(
        "`<epoch>.<n>`, contiguous per service; none on a state that is said again.",
        pattern=r"^[0-9]+\.[0-9]+$",
    ),
    "ce_causationid": _text("The event that this one is a reaction to."),
    "traceparent": _text("W3C trace context."),
}

HEADERS: dict[str, Any] = {
    "type": "object",
    "required": list(_ALWAYS),
    "properties": _ALWAYS | _SOMETIMES,
}
