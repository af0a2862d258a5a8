"""Deny by default, and a scope that means the same in a check and in a list."""

from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings, strategies as st

from common.auth import Caller, Grant
from common.errors import Forbidden
from common.policies import Policies, Scope, within
from common.statements import Statement
from tests.common.toy import Toy, a_counter, counter

POLICIES = Policies(
    {
        "see": {"nurse": Scope.DEPARTMENTS, "bed_manager": Scope.ANY},
        "move": {"bed_manager": Scope.ANY, "charge_nurse": Scope.DEPARTMENTS},
        "nothing": {},
    }
)
HERE, THERE, ELSEWHERE = uuid4(), uuid4(), uuid4()


def a_caller(*grants: Grant) -> Caller:
    return Caller(uuid4(), uuid4(), grants)


def is_allowed(caller: Caller, act: str, department: UUID | None = None) -> bool:
    try:
        POLICIES.allow(caller, act, department)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("act", ["see", "move", "nothing", "never heard of"])
def test_whoever_has_no_grant_may_do_nothing(act: str):
    assert not is_allowed(a_caller(), act, HERE)


def test_a_refusal_says_what_was_asked_for():
    with pytest.raises(Forbidden) as refused:
        POLICIES.allow(a_caller(), "see", HERE)

    assert refused.value.facts == {"act": "see"}


def test_an_act_without_a_row_and_a_role_without_a_cell_are_refused():
    assert not is_allowed(a_caller(Grant("bed_manager")), "never heard of")
    assert not is_allowed(a_caller(Grant("bed_manager")), "nothing")
    assert not is_allowed(a_caller(Grant("nurse")), "move", HERE)


def test_a_role_reaches_its_own_departments_only():
    nurse = a_caller(Grant("nurse", frozenset({HERE})))

    assert is_allowed(nurse, "see", HERE)
    assert not is_allowed(nurse, "see", THERE)
    assert not is_allowed(nurse, "see")


def test_a_grant_for_all_departments_reaches_each():
    assert is_allowed(a_caller(Grant("nurse")), "see", THERE)


def test_a_grant_for_no_department_reaches_none():
    assert not is_allowed(a_caller(Grant("nurse", frozenset())), "see", HERE)


def test_grants_add_up_role_by_role():
    both = a_caller(Grant("nurse", frozenset({HERE})), Grant("charge_nurse", frozenset({THERE})))

    assert is_allowed(both, "see", HERE)
    assert not is_allowed(both, "see", THERE)
    assert is_allowed(both, "move", THERE)
    assert not is_allowed(both, "move", HERE)


_departments = st.none() | st.frozensets(st.sampled_from([HERE, THERE, ELSEWHERE]))
_grants = st.lists(
    st.builds(Grant, st.sampled_from(["nurse", "charge_nurse", "bed_manager", "visitor"]), _departments),
    max_size=4,
)
_LIST = Statement(sa.select(counter.c.department_id).where(within(counter.c.department_id)))


@pytest.fixture(scope="module")
async def rows(toy: Toy) -> Toy:
    for department in (HERE, THERE, ELSEWHERE):
        await a_counter(toy, department_id=department)
    return toy


@given(grants=_grants, act=st.sampled_from(["see", "move", "nothing"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_list_shows_the_rows_that_a_check_would_allow(rows: Toy, grants: list[Grant], act: str):
    caller = a_caller(*grants)
    allowed = {department for department in (HERE, THERE, ELSEWHERE) if is_allowed(caller, act, department)}
    try:
        departments = POLICIES.departments(caller, act)
    except Forbidden:
        assert not allowed
        return
    listed = await rows.database.read.all(_LIST, departments=departments and list(departments))

    assert {row["department_id"] for row in listed} & {HERE, THERE, ELSEWHERE} == allowed
