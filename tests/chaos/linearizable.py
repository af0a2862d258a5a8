"""Whether a history of beds is linearizable: each operation seems to happen at one instant between call and answer.

The search of Wing and Gong with the memory of Lowe, bed by bed: a history is linearizable when that of each object is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import inf

from tests.chaos.history import UNKNOWN, Operation
from tests.chaos.model import FREE, Bed, after


def not_linearizable(history: Iterable[Operation]) -> dict[str, list[Operation]]:
    """The beds whose operations fit no order, each with the operations around the one that fits nowhere."""
    by_bed: dict[str, list[Operation]] = defaultdict(list)
    for operation in history:
        by_bed[operation.key].append(operation)
    stuck = {key: _stuck(sorted(done, key=lambda one: one.start_ns)) for key, done in by_bed.items()}
    return {key: around for key, around in stuck.items() if around}


def _stuck(operations: Sequence[Operation]) -> list[Operation]:
    """Nothing where an order exists; else what could not be fitted in where the search came furthest."""
    known = sum(1 << index for index, one in enumerate(operations) if one.outcome != UNKNOWN)
    start = (0, FREE)
    seen, paths, furthest = {start}, [start], 0
    while paths:
        done, bed = paths.pop()
        if done & known == known:
            return []
        if (done & known).bit_count() >= (furthest & known).bit_count():
            furthest = done
        for step in _next(operations, done, bed):
            if step not in seen:
                seen.add(step)
                paths.append(step)
    return [operations[index] for index in _callable(operations, furthest)]


def _next(operations: Sequence[Operation], done: int, bed: Bed) -> Iterator[tuple[int, Bed]]:
    for index in _callable(operations, done):
        for becomes in after(bed, operations[index]):
            yield done | 1 << index, becomes


def _callable(operations: Sequence[Operation], done: int) -> Iterator[int]:
    """Those that may be next: called before any other of those that are left has been answered."""
    first_answer = inf
    index = (~done & done + 1).bit_length() - 1  # all before it are done
    while index < len(operations) and operations[index].start_ns <= first_answer:
        if not done >> index & 1:
            yield index
            end = operations[index].end_ns
            first_answer = min(first_answer, inf if end is None else end)
        index += 1
