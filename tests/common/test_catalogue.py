"""What is published is what was declared."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from common.catalogue import Catalogue, Happening, Published
from common.topics import Topic

AT = datetime(2026, 3, 1, tzinfo=UTC)
KETTLE = Topic("kitchen", "kettle")


@dataclass(frozen=True)
class Kettle:
    id: UUID
    full: bool
    version: int
    changed_at: datetime


@dataclass(frozen=True)
class Filled:
    liters: int
    source: str | None = None


@dataclass(frozen=True)
class Emptied:
    reason_code: str | None = None


class KettleEvent(Happening):
    BOUGHT = "bought", "There is one more."
    FILLED = "filled", "It is full.", Filled
    EMPTIED = "emptied", "It is empty.", Emptied


CATALOGUE = Catalogue(Published.of(KETTLE, Kettle, KettleEvent))
BEFORE = Kettle(uuid4(), False, 1, AT)
AFTER = replace(BEFORE, full=True, version=2)


def test_a_happening_is_its_word():
    assert f"{KettleEvent.FILLED}" == "filled"
    assert KettleEvent.FILLED.meaning == "It is full."


def test_a_fact_has_the_whole_state_what_changed_and_what_goes_with_it():
    told = CATALOGUE.happened(KettleEvent.FILLED, AFTER.id, AFTER, BEFORE, Filled(2))
    assert told.type == "hospital.kitchen.kettle.filled.v1"
    assert told.payload == {
        "id": AFTER.id,
        "full": True,
        "version": 2,
        "changed_at": AT,
        "changed": ["full", "version"],
        "liters": 2,
        "source": None,
    }


def test_what_may_be_left_out_is_published_as_its_default():
    told = CATALOGUE.happened(KettleEvent.EMPTIED, AFTER.id, AFTER, BEFORE)
    assert told.payload["reason_code"] is None


@pytest.mark.parametrize(
    ("what", "facts"),
    [
        (KettleEvent.FILLED, None),
        (KettleEvent.FILLED, Emptied()),
        (KettleEvent.BOUGHT, Emptied()),
    ],
)
def test_nothing_undeclared_goes_with_a_fact(what: KettleEvent, facts: object):
    with pytest.raises(TypeError):
        CATALOGUE.happened(what, AFTER.id, AFTER, None, facts)


def test_the_state_is_of_the_declared_type():
    @dataclass(frozen=True)
    class Bucket:
        version: int
        changed_at: datetime

    with pytest.raises(TypeError):
        CATALOGUE.happened(KettleEvent.BOUGHT, AFTER.id, Bucket(1, AT), None)
