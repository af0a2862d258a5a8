"""The checker tells histories that can be from those that cannot."""

from itertools import count

import pytest

from tests.chaos.history import History, Operation, read_history
from tests.chaos.linearizable import not_linearizable


class Timeline:
    """Operations on one bed by hand: `ok(op, from, to)`."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._clients = count(1)

    def add(
        self, op: str, start: int, end: int | None, result: dict[str, str | None], who: str = "a"
    ) -> None:
        client = f"client{next(self._clients)}"
        self.operations.append(Operation(client, op, "bed", {"admission": who}, start, result, end))

    def ok(self, op: str, start: int, end: int, who: str = "a") -> None:
        self.add(op, start, end, {"outcome": "ok"}, who)

    def refused(self, op: str, start: int, end: int, code: str, who: str = "a") -> None:
        self.add(op, start, end, {"outcome": "refused", "code": code}, who)

    def unknown(self, op: str, start: int, who: str = "a") -> None:
        self.add(op, start, None, {"outcome": "unknown"}, who)

    def read(self, start: int, end: int, state: str, who: str | None = None) -> None:
        self.add("read", start, end, {"outcome": "ok", "state": state, "admission_id": who})


@pytest.fixture
def timeline() -> Timeline:
    return Timeline()


def fits(timeline: Timeline) -> bool:
    return not not_linearizable(timeline.operations)


def test_a_whole_stay_fits(timeline: Timeline):
    timeline.ok("hold", 1, 2)
    timeline.refused("hold", 3, 4, "bed_taken", "b")
    timeline.ok("arrive", 5, 6)
    timeline.ok("depart", 7, 8)
    timeline.refused("hold", 9, 10, "bed_not_ready", "b")
    timeline.ok("start_cleaning", 11, 12)
    timeline.ok("complete_cleaning", 13, 14)
    timeline.read(15, 16, "available")
    assert fits(timeline)


def test_one_bed_is_never_held_twice(timeline: Timeline):
    timeline.ok("hold", 1, 4, "a")
    timeline.ok("hold", 2, 3, "b")
    assert not fits(timeline)


def test_a_bed_held_twice_with_a_release_between_fits_in_one_order_only(timeline: Timeline):
    timeline.ok("hold", 1, 9, "b")
    timeline.ok("hold", 2, 3, "a")
    timeline.ok("release", 4, 5, "a")
    assert fits(timeline)
    timeline.read(6, 7, "held", "a")
    assert not fits(timeline)


def test_a_lost_arrival_is_found(timeline: Timeline):
    timeline.ok("arrive", 1, 2)
    timeline.read(3, 4, "available")
    assert not fits(timeline)


def test_an_arrival_that_came_true_twice_is_found(timeline: Timeline):
    timeline.ok("arrive", 1, 2)
    timeline.ok("depart", 3, 4)
    timeline.ok("ready", 5, 6)
    timeline.read(7, 8, "occupied", "a")
    assert not fits(timeline)


def test_an_unknown_outcome_may_have_happened_or_not(timeline: Timeline):
    timeline.unknown("hold", 1, "a")
    timeline.ok("hold", 2, 3, "b")
    assert fits(timeline)
    timeline.ok("release", 4, 5, "b")
    timeline.read(6, 7, "held", "a")
    assert fits(timeline)


def test_a_look_that_was_never_answered_says_nothing(timeline: Timeline):
    timeline.unknown("read", 1)
    timeline.read(2, 3, "available")
    assert fits(timeline)


def test_what_is_unknown_happens_once_at_most(timeline: Timeline):
    timeline.unknown("hold", 1, "a")
    timeline.read(2, 3, "held", "a")
    timeline.ok("release", 4, 5, "a")
    timeline.read(6, 7, "held", "a")
    assert not fits(timeline)


def test_a_refusal_needs_its_reason(timeline: Timeline):
    timeline.refused("hold", 1, 2, "bed_taken")
    assert not fits(timeline)


def test_a_dirty_bed_is_never_given_away(timeline: Timeline):
    timeline.ok("arrive", 1, 2, "a")
    timeline.ok("depart", 3, 4, "a")
    timeline.ok("hold", 5, 6, "b")
    (around,) = not_linearizable(timeline.operations).values()
    assert [one.op for one in around] == ["hold"]


def test_a_history_is_read_as_it_was_written(tmp_path):
    history = History(tmp_path / "history.jsonl")
    with history.operation("one", "hold", "bed", admission="a") as held:
        held.result = {"outcome": "ok"}
    with pytest.raises(RuntimeError), history.operation("two", "arrive", "bed", admission="a"):
        raise RuntimeError
    history.close()

    known, unknown = read_history(tmp_path / "history.jsonl")

    assert (known.op, known.outcome) == ("hold", "ok")
    assert known.end_ns is not None
    assert known.start_ns <= known.end_ns
    assert (unknown.op, unknown.outcome, unknown.end_ns) == ("arrive", "unknown", None)
