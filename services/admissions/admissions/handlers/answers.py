"""What beds answers makes of an admission (domain §2, the table of answers)."""

from uuid import UUID

from admissions import records
from admissions.domain.admission import Answer
from admissions.events import BECAME, AdmissionEvent
from admissions.projections import remember_placement
from common.db import UnitOfWork


async def hear_answer(act: UnitOfWork, admission_id: UUID, answer: Answer) -> bool:
    """Follows an answer that is newer than the last; False when it was passed over.

    One to an older want says nothing: the answer to the latest one will come.
    """
    admission = await records.admissions.find(act, admission_id)
    if admission is None or answer.want_version < admission.want_version:
        return False
    if not await remember_placement(act, admission_id, answer):
        return False
    stamp = await act.stamp(admission)
    followed = admission.following(answer, stamp)
    if followed is not admission:
        elsewhere = followed.state is admission.state
        what = AdmissionEvent.CHANGED if elsewhere else BECAME[followed.state]
        await records.save_admission(act, what, admission, followed)
    return True
