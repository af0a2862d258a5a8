"""How an admission is read by its id and shown, after a GET and after a command alike."""

from uuid import UUID

from fastapi import Request, Response

from admissions.queries import ADMISSION, Row, admission_tag, admission_view
from common.errors import NotFound
from common.process import Process
from common.web import json_answer, location


async def read_row(running: Process, admission_id: UUID) -> Row:
    row = await running.database.read.first(ADMISSION, of_id=admission_id)
    if row is None:
        raise NotFound
    return row


def show_admission(request: Request, row: Row, status: int = 200) -> Response:
    headers = location("/v1/admissions", row["id"]) if status == 201 else {}
    return json_answer(request, admission_view(row), status=status, tag=admission_tag(row), headers=headers)
