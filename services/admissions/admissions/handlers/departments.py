"""What admissions knows of the departments of beds."""

from uuid import UUID

from admissions import records
from common.db import UnitOfWork
from common.errors import FieldError, Invalid


class UnknownDepartment(Invalid):
    code = "unknown_department"
    sentence = "There is no such department, or it is closed."

    def __init__(self, *, heard_of: bool) -> None:
        self.heard_of = heard_of
        error = FieldError(
            field="body.department_id", code="unknown", message="no open department with this id"
        )
        super().__init__(errors=[error])


async def check_department(act: UnitOfWork, department_id: UUID) -> None:
    """Raises `UnknownDepartment`."""
    state = await records.department_state(act, department_id)
    if state != "open":
        raise UnknownDepartment(heard_of=state is not None)
