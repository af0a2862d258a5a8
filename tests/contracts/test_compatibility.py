"""What was released is kept: each way of breaking it is refused with a sentence."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tools.contracts.checkout import RELEASED, schemas
from tools.contracts.compatibility import broken

ROOT = Path(__file__).parents[2]
HELD = "hospital.beds.bed.held.v1"
BED_EVENTS, BED_STATES = "hospital.beds.bed.events.v1", "hospital.beds.bed.state.v1"


@pytest.fixture
def released() -> dict[str, Any]:
    return copy.deepcopy(dict(schemas(ROOT / RELEASED)))


@pytest.fixture
def present(released: dict[str, Any]) -> dict[str, Any]:
    """As it was released, and a test's own to change."""
    return copy.deepcopy(released)


def test_what_is_as_it_was_is_kept(released: dict[str, Any], present: dict[str, Any]):
    assert HELD in released
    assert list(broken(released, present)) == []


def test_a_field_that_is_gone_is_refused(released: dict[str, Any], present: dict[str, Any]):
    del present[HELD]["properties"]["held_until"]
    present[HELD]["required"].remove("held_until")
    assert list(broken(released, present)) == [f"{HELD}: the field `held_until` is gone."]


def test_a_field_that_may_be_missing_now_is_refused(released: dict[str, Any], present: dict[str, Any]):
    present[HELD]["required"].remove("held_until")
    assert list(broken(released, present)) == [
        f"{HELD}: what is published now does not fit the released schema."
    ]


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("version", {"type": "string"}),
        ("held_until", {"type": "integer"}),
        ("code", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ("changed", {"type": "array", "items": {"type": "object"}}),
    ],
)
def test_a_field_of_another_type_is_refused(
    released: dict[str, Any], present: dict[str, Any], field: str, schema: dict[str, Any]
):
    present[HELD]["properties"][field] = schema
    assert list(broken(released, present)) == [
        f"{HELD}: the field `{field}` can have values that the released schema does not know."
    ]


def test_a_word_that_the_released_set_is_too_narrow_for_is_refused(
    released: dict[str, Any], present: dict[str, Any]
):
    released[HELD]["properties"]["state"]["enum"].remove("inspect")
    assert list(broken(released, present)) == [
        f"{HELD}: the field `state` can have values that the released schema does not know."
    ]


def test_a_change_deep_inside_is_refused(released: dict[str, Any], present: dict[str, Any]):
    moved = "hospital.beds.placement.moved.v1"
    del present[moved]["properties"]["previous"]["properties"]["bed_id"]
    present[moved]["properties"]["previous"]["required"] = []
    assert len(list(broken(released, present))) == 1


def test_a_type_that_is_gone_is_refused(released: dict[str, Any], present: dict[str, Any]):
    del present[HELD]
    assert list(broken(released, present)) == [f"The type {HELD} is gone."]


def test_a_topic_that_is_gone_is_refused(released: dict[str, Any], present: dict[str, Any]):
    for schema in present.values():
        schema["x-topics"] = [topic for topic in schema["x-topics"] if topic != BED_STATES]
    assert list(broken(released, present)) == [f"The topic {BED_STATES} is gone."]


def test_a_type_that_left_its_topic_is_refused(released: dict[str, Any], present: dict[str, Any]):
    present[HELD]["x-topics"] = [BED_STATES]
    assert list(broken(released, present)) == [f"{BED_EVENTS} does not carry {HELD} any more."]


def test_fields_types_and_topics_may_be_added(released: dict[str, Any], present: dict[str, Any]):
    present[HELD]["properties"]["isolation"] = {"type": "string"}
    present["hospital.beds.bed.painted.v1"] = present[HELD] | {"x-topics": ["hospital.beds.paint.events.v1"]}
    assert list(broken(released, present)) == []


def test_a_set_may_have_fewer_words(released: dict[str, Any], present: dict[str, Any]):
    """Readers only ever see words that they know."""
    present[HELD]["properties"]["state"]["enum"].remove("inspect")
    assert list(broken(released, present)) == []


@pytest.mark.parametrize(
    ("field", "schema", "form"),
    [
        ("id", {"type": "string"}, "uuid"),
        ("id", {"type": "string", "format": "date-time"}, "uuid"),
        ("held_until", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "date-time"),
    ],
)
def test_a_field_without_its_format_is_refused(
    released: dict[str, Any], present: dict[str, Any], field: str, schema: dict[str, Any], form: str
):
    present[HELD]["properties"][field] = schema
    assert list(broken(released, present)) == [
        f"{HELD}: the field `{field}` can have values that are no {form}."
    ]
