"""A sentence for every event type, without identity."""

import pytest

from audit.leaf import Kind
from audit.summaries import summary


@pytest.mark.parametrize(
    ("event_type", "sentence"),
    [
        ("hospital.beds.bed.occupied.v1", "A bed was occupied."),
        ("hospital.admissions.admission.requested.v1", "An admission was requested."),
        ("hospital.beds.cleaning_job.completed.v1", "A cleaning job was completed."),
        ("hospital.beds.placement.arrived.v1", "A patient arrived in a bed."),
        ("hospital.audit.access.entry_read.v1", "An entry of this log was read."),
        ("hospital.x..y.v1", "Something happened that has no name here."),
        ("nonsense", "Something happened that has no name here."),
        (None, "Something happened that has no name here."),
    ],
)
def test_events(event_type: str | None, sentence: str):
    assert summary(event_type, None) == sentence


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_sentence(kind: Kind):
    assert summary(None, kind).endswith(".")
