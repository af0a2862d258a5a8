"""The reader of the log believes nothing that does not follow from the leaves before."""

import json

import pytest

from tests.support.linear_reader import OutOfStep, rebuild

BEDS = "hospital.beds.bed.events.v1"


def a_leaf(bed: str, version: int, state: str, **more: str) -> bytes:
    leaf = {
        "topic": BEDS,
        "key": bed,
        "headers": [["ce_sequence", f"{version:020}"]],
        "value": json.dumps({"id": bed, "state": state}),
    }
    return json.dumps(leaf | more).encode()


def test_the_last_state_of_each_is_what_is_there():
    states = rebuild([a_leaf("one", 1, "dirty"), a_leaf("two", 1, "dirty"), a_leaf("one", 2, "available")])

    assert {bed: state["state"] for bed, state in states[BEDS].items()} == {
        "one": "available",
        "two": "dirty",
    }


@pytest.mark.parametrize("versions", [(1, 3), (2,), (1, 1), (1, 2, 1)])
def test_a_leaf_that_is_missing_doubled_or_out_of_order_is_noticed(versions):
    with pytest.raises(OutOfStep):
        rebuild(a_leaf("one", version, "dirty") for version in versions)


def test_what_is_no_event_changes_nothing():
    states = rebuild([a_leaf("one", 1, "dirty"), a_leaf("one", 9, "available", kind="invalid")])

    assert states[BEDS]["one"]["state"] == "dirty"
