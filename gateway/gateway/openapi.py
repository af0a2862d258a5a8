"""One OpenAPI document out of those of the services and the gateway."""

from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]

_INTRODUCTION = """Operations of a hospital: beds, admissions, and who may do what. Sign in at `POST /v1/sessions`, send
the token as a bearer. Every error is `application/problem+json` with a stable `code` (see `/docs/problems`)."""
_FRAMEWORKS_OWN = {"HTTPValidationError", "ValidationError"}
_ANYONE = {("post", "/v1/users"), ("post", "/v1/sessions"), ("get", "/v1/openapi.json")}
_PROBLEMS = {
    "400": "Not readable.",
    "401": "No live session.",
    "403": "Not allowed to this caller here.",
    "404": "Nothing there.",
    "409": "Refused as things are now; the code says why.",
    "412": "Changed since it was read.",
    "413": "More than 1 MB.",
    "415": "Not JSON.",
    "422": "Fields are not valid, or an Idempotency-Key was used for something else.",
    "429": "Too often; see Retry-After.",
    "503": "A part does not answer; see Retry-After.",
}
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "message")},
            },
        },
    },
    "additionalProperties": True,
}


def merged(documents: Mapping[str, Document], version: str) -> Document:
    """The whole: `documents` by service. What two services define differently is kept apart by a prefix."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM_SCHEMA}
    paths: dict[str, Any] = {}
    for service, document in documents.items():
        defined: dict[str, Any] = document.get("components", {}).get("schemas", {})
        renamed = {
            name: f"{service.capitalize()}{name}"
            for name, schema in defined.items()
            if name in schemas and schemas[name] != schema
        }
        schemas |= {
            renamed.get(name, name): _pointing(schema, renamed)
            for name, schema in defined.items()
            if name not in _FRAMEWORKS_OWN
        }
        for path, operations in document.get("paths", {}).items():
            paths.setdefault(path, {}).update(
                {
                    method: _operation(_pointing(operation, renamed), service, method, path)
                    for method, operation in operations.items()
                }
            )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Wardline", "version": version, "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "responses": {f"Problem{status}": _problem(text) for status, text in _PROBLEMS.items()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token of a session."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-wardline"},
            },
        },
        "security": [{"bearer": []}, {"cookie": []}],
    }


def _problem(text: str) -> Document:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": text, "content": content}


def _operation(operation: Document, service: str, method: str, path: str) -> Document:
    problems = {status: {"$ref": f"#/components/responses/Problem{status}"} for status in _PROBLEMS}
    described = operation | {
        "tags": operation.get("tags") or [service],
        "responses": operation.get("responses", {}) | problems,
    }
    return described | ({"security": []} if (method, path) in _ANYONE else {})


def _pointing(part: Any, renamed: Mapping[str, str]) -> Any:
    """The same with every `$ref` to a renamed schema following it."""
    if isinstance(part, dict):
        return {
            key: _followed(value, renamed) if key == "$ref" else _pointing(value, renamed)
            for key, value in part.items()
        }
    return [_pointing(item, renamed) for item in part] if isinstance(part, list) else part


def _followed(reference: Any, renamed: Mapping[str, str]) -> Any:
    if not isinstance(reference, str):
        return reference
    place, _, name = reference.rpartition("/")
    return f"{place}/{renamed.get(name, name)}"
