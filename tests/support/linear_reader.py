"""A linear reader of the audit log: from the leaves alone, in their order, it rebuilds what the hospital looks like."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
States = dict[str, dict[str, Json]]
"""The last state of each aggregate, by events topic and by key."""


class OutOfStep(AssertionError):
    """A leaf does not follow from those before it."""


def rebuild(leaves: Iterable[bytes]) -> States:
    """Folds the log. Each event of an aggregate must be the next one of it. Raises `OutOfStep`."""
    states: States = defaultdict(dict)
    for index, leaf in enumerate(leaves):
        entry = json.loads(leaf)
        if "kind" in entry or entry["topic"] == "log":
            continue  # no event of ours, and so no change of anything
        version = int(dict(entry["headers"])["ce_sequence"])
        known = states[entry["topic"]]
        before = known.get(entry["key"], {}).get("version", 0)
        if version != before + 1:
            raise OutOfStep(f"leaf {index}: {entry['topic']} {entry['key']} goes from {before} to {version}")
        known[entry["key"]] = json.loads(entry["value"]) | {"version": version}
    return states
