"""The committed files as they have to be."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import yaml

from common.envelope import JSON_OPTIONS, Fact
from tools.contracts import asyncapi, openapi, states
from tools.contracts.page import page
from tools.contracts.published import EventType, event_types

EVENTS = Path("contracts/events")
PAGE = Path("docs/events.md")
STATES = Path("docs/states.md")
Files = Mapping[Path, str]
"""Texts by their path in the repository."""


class NoExample(Exception):
    """An event type has no example; the text says where one belongs."""


def files(told: Mapping[str, Fact]) -> Files:
    """The contracts without the released ones, and the pages; `told` are the examples. Raises `NoExample`."""
    types = list(event_types())
    if missing := [kind.name for kind in types if kind.name not in told]:
        raise NoExample(f"{', '.join(missing)}: add an example in tools/contracts/examples/")
    made = {EVENTS / f"{kind.name}.json": _json(schema(kind, told[kind.name])) for kind in types}
    document = asyncapi.document(types, version("wardline"))
    return made | {
        Path("contracts/asyncapi.yaml"): yaml.safe_dump(
            document, sort_keys=False, allow_unicode=True, width=120
        ),
        Path("contracts/openapi.json"): _json(openapi.document()),
        PAGE: page(types, told),
        STATES: states.page(),
    }


def schema(kind: EventType, example: Fact) -> dict[str, Any]:
    """The file of one type: its payload, an example of it, and the topics that carry it."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": kind.name,
        "description": kind.happening.meaning,
        "x-topics": kind.channels,
        **kind.schema(),
        "examples": [orjson.loads(example.value())],
    }


def _json(content: Any) -> str:
    return orjson.dumps(
        content, option=JSON_OPTIONS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    ).decode()
