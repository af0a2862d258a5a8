"""The history of a run: one JSON object per line and operation, for this checker or any other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"


@dataclass
class Operation:
    """What one client asked of one bed (`key`) and what it was told.

    `result` has an `outcome`: ok, refused with a `code`, or unknown: then it may have happened, now or later, or never,
    and `end_ns` is null. Times are of one monotonic clock.
    """

    client: str
    op: str
    key: str
    args: dict[str, Any]
    start_ns: int
    result: dict[str, Any] = field(default_factory=lambda: {"outcome": UNKNOWN})
    end_ns: int | None = None

    @property
    def outcome(self) -> str:
        return str(self.result["outcome"])


class History:
    """Written as the run goes: an operation when its answer is there, or when the client has given up."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1)

    @contextmanager
    def operation(self, client: str, op: str, key: str, **args: Any) -> Iterator[Operation]:
        """Fill in `result` inside; what is left as it is, by an exception too, stays unknown."""
        operation = Operation(client, op, key, args, time.monotonic_ns())
        try:
            yield operation
        finally:
            if operation.outcome != UNKNOWN:
                operation.end_ns = time.monotonic_ns()
            self._file.write(json.dumps(asdict(operation)) + "\n")

    def close(self) -> None:
        self._file.close()


def read_history(path: Path) -> list[Operation]:
    return [Operation(**json.loads(line)) for line in path.read_text().splitlines()]
