"""What beds recorded of an admission that should never have been stays to be read, marked."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Needs
from common.ids import new_id
from tests.beds.ward import Ward


@dataclass
class Mistaken:
    """An admission whose patient has been in a bed and has left it, and what admissions says of it."""

    ward: Ward
    department: UUID
    admission: UUID
    patient: UUID
    want: Want

    def said(self, *, entered_in_error: bool = False) -> Wish:
        return Wish(self.admission, self.patient, self.want, 1, 1, entered_in_error)


@pytest.fixture
async def mistaken(ward: Ward) -> Mistaken:
    department, patient = await ward.a_department(), new_id()
    admission = await ward.in_bed(department, await ward.a_bed(department), patient)
    await ward.departs(admission)
    want = Want(department, None, Priority.URGENT, Needs(), ready=True, requested_at=await ward.now())
    return Mistaken(ward, department, admission, patient, want)


async def test_placement_and_movements_are_marked(ward: Ward, mistaken: Mistaken):
    assert not (await ward.placement(mistaken.admission))["entered_in_error"]
    await ward.says(mistaken.said(entered_in_error=True))

    shown = await ward.placement(mistaken.admission)
    assert (shown["state"], shown["entered_in_error"]) == ("left", True)
    movements = await ward.movements(mistaken.admission)
    assert [(one["kind"], one["entered_in_error"]) for one in movements] == [
        ("arrival", True),
        ("departure", True),
    ]
    reported = await ward.report("movements", patient_id=mistaken.patient)
    assert [one["entered_in_error"] for one in reported] == [True, True]
    assert (await ward.told(mistaken.admission))[-1] == "entered_in_error"


async def test_the_mark_is_told_once_and_taken_off_by_no_older_word(ward: Ward, mistaken: Mistaken):
    for in_error in (True, True, False):
        await ward.says(mistaken.said(entered_in_error=in_error))
    assert (await ward.placement(mistaken.admission))["entered_in_error"]
    assert (await ward.told(mistaken.admission)).count("entered_in_error") == 1


async def test_the_mark_comes_with_a_want_that_was_not_heard_of_before(ward: Ward):
    """One that waited wants nothing any more: what was said in between may never be heard."""
    department = await ward.a_department()
    admission, patient = await ward.waits_for(department), new_id()
    await ward.says(Wish(admission, patient, None, 2, 1, entered_in_error=True))
    shown = await ward.placement(admission)
    assert (shown["state"], shown["want_version"], shown["entered_in_error"]) == ("withdrawn", 2, True)
    unheard = new_id()
    await ward.says(Wish(unheard, patient, None, 2, 1, entered_in_error=True))
    assert (await ward.placement(unheard))["entered_in_error"]


async def test_its_stay_is_listed_and_counts_in_no_figure(ward: Ward, mistaken: Mistaken):
    right = await ward.in_bed(mistaken.department, await ward.a_bed(mistaken.department))
    await ward.departs(right)
    await ward.says(mistaken.said(entered_in_error=True))

    stays = await ward.report("lengths_of_stay", department_id=mistaken.department)
    marked = {one["admission_id"]: one["entered_in_error"] for one in stays}
    assert marked == {str(mistaken.admission): True, str(right): False}
    (figures,) = await ward.report("lengths_of_stay/by_department", department_id=mistaken.department)
    assert figures["stays"] == 1
