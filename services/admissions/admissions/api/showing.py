"""How an admission is read by its id and shown, after a GET and after a command alike."""

from collections.abc import Callable
from uuid import UUID

from fastapi import Request, Response

from admissions.domain.admission import TARGETS, AdmissionState, AlreadyArrived
from admissions.queries import ADMISSION, Row, admission_tag, admission_view
from common.errors import NotFound
from common.idempotency import Outcome
from common.process import Process
from common.waiting import settled
from common.web import json_answer, location


async def read_row(running: Process, admission_id: UUID) -> Row:
    row = await running.database.read.first(ADMISSION, of_id=admission_id)
    if row is None:
        raise NotFound
    return row


def show_admission(request: Request, row: Row, status: int = 200) -> Response:
    headers = location("/v1/admissions", row["id"]) if status == 201 else {}
    return json_answer(request, admission_view(row), status=status, tag=admission_tag(row), headers=headers)


async def when(done: Callable[[Row], bool], running: Process, outcome: Outcome, seconds: float) -> Row:
    """The admission once that is so, or as it is when the wait is over."""
    with running.waiters.registered(outcome.resource) as event:
        return await settled(event, lambda: read_row(running, outcome.resource), done, seconds)


def is_answered(row: Row) -> bool:
    """The present want has its answer."""
    answered: bool = row["answered"]
    return answered


def is_decided(row: Row) -> bool:
    """Ended, or refused: then a bed is wanted again, and the answer to that is not waited for."""
    return bool(row["state"] != AdmissionState.CANCELLING)


def show_end(request: Request, row: Row) -> Response:
    """The outcome of a cancel: 202 while beds has not answered. Raises `AlreadyArrived` when it was refused."""
    state = AdmissionState(row["state"])
    if state is AdmissionState.CANCELLING:
        return show_admission(request, row, 202)
    if state in TARGETS:
        return show_admission(request, row)
    raise AlreadyArrived(
        admission_id=row["id"], state=state, changed_at=row["changed_at"], changed_by=row["changed_by"]
    )
