"""Discharge on paper: planned with its milestones, confirmed, and left in time or not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2
import pytest

from admissions.domain.admission import PresenceState as P
from admissions.main import create_app
from common.clock import rfc3339
from common.testing import at_rest, client_for
from tests.admissions.registry import Json, Registry, code_of

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MORNING = NOON - timedelta(hours=3)


def moment(shown: str) -> datetime:
    return datetime.fromisoformat(shown)


# Planned


async def plan(
    registry: Registry,
    admission: UUID,
    at: datetime | None = NOON,
    *milestones: Json,
    reason_code: str | None = None,
    role: str = "charge_nurse",
) -> httpx2.Response:
    body = {"discharge_expected_at": at and rfc3339(at), "milestones": milestones, "reason_code": reason_code}
    path = f"/v1/admissions/{admission}/discharge_plan"
    return await registry.staff(role).put(path, json=body)


async def test_a_plan_says_when_the_patient_leaves_and_what_is_waited_for(registry: Registry):
    admission = await registry.an_arrival()
    medicines, transport = {"kind": "medicines", "done": True}, {"kind": "transport"}

    answer = await plan(registry, admission, NOON, medicines, transport, role="physician")

    shown = answer.json()
    assert (answer.status_code, shown["state"]) == (200, "admitted")
    assert (moment(shown["discharge_expected_at"]), shown["waits_for"]) == (NOON, ["transport"])
    done, not_done = shown["milestones"]
    assert (done["done_by"], done["done_at"]) == (shown["changed_by"], shown["changed_at"])
    assert (not_done["done_by"], not_done["done_at"]) == (None, None)
    assert await registry.told(admission) == ["requested", "admitted", "discharge_planned"]


async def test_what_was_done_keeps_its_time_when_more_is_done(registry: Registry):
    admission = await registry.an_arrival()
    orders, late = {"kind": "orders", "done": True}, {"kind": "family", "delay_reason_code": "not_reached"}
    first = (await plan(registry, admission, NOON, orders, late)).json()
    second = (await plan(registry, admission, NOON, orders, late | {"done": True})).json()
    assert second["milestones"][0] == first["milestones"][0]
    assert second["milestones"][1]["done_at"] > first["changed_at"]
    assert second["milestones"][1]["delay_reason_code"] == "not_reached"
    assert second["waits_for"] == []


async def test_another_time_is_expected_for_a_reason_which_the_history_keeps(registry: Registry):
    department = await registry.a_department()
    admission = await registry.an_arrival(department)
    await plan(registry, admission, NOON)
    for other in (MORNING, None):
        refused = await plan(registry, admission, other)
        assert code_of(refused) == (422, "invalid")
        assert refused.json()["errors"][0]["field"] == "body.reason_code"

    shown = (await plan(registry, admission, MORNING, reason_code="recovers_well")).json()
    assert shown["discharge_expected_reason_code"] == "recovers_well"
    done = (await plan(registry, admission, MORNING, {"kind": "orders", "done": True})).json()
    assert done["discharge_expected_reason_code"] == "recovers_well"

    path = f"/v1/admissions/{admission}/history"
    changes = (await registry.staff("nurse", [department]).get(path)).json()["items"]
    planned = [change for change in changes if change["what"] == "discharge_planned"]
    assert [moment(change["discharge_expected_at"]) for change in planned] == [NOON, MORNING, MORNING]
    assert [change["reason_code"] for change in planned] == [None, "recovers_well", None]
    assert [len(change["milestones"]) for change in planned] == [0, 0, 1]


async def test_the_same_plan_again_is_no_change(registry: Registry):
    admission = await registry.an_arrival()
    first = await plan(registry, admission, NOON, {"kind": "orders", "done": True})
    again = await plan(registry, admission, NOON, {"kind": "orders", "done": True}, reason_code="again")
    assert again.json() == first.json()


async def test_a_plan_has_ten_milestones_of_different_kinds_at_most(registry: Registry):
    admission = await registry.an_arrival()
    kinds = [{"kind": f"kind_{number}"} for number in range(11)]
    assert (await plan(registry, admission, NOON, *kinds[:10])).status_code == 200
    assert code_of(await plan(registry, admission, NOON, *kinds)) == (422, "invalid")
    twice = await plan(registry, admission, NOON, kinds[0], kinds[0])
    assert twice.json()["errors"][0]["code"] == "twice"


async def test_a_discharge_is_planned_before_the_arrival_but_not_after_the_end(registry: Registry):
    waiting, gone, ending = (
        await registry.an_admission(),
        await registry.an_arrival(),
        await registry.an_admission(),
    )
    await registry.hears(gone, P.LEFT, version=3)
    await registry.asks(ending, "cancel")
    assert (await plan(registry, waiting)).status_code == 200
    assert code_of(await plan(registry, gone)) == (409, "admission_closed")
    assert code_of(await plan(registry, ending)) == (409, "cancelling")
    assert code_of(await plan(registry, waiting, role="nurse")) == (403, "forbidden")


async def test_a_plan_is_refused_to_who_has_seen_another_one(registry: Registry):
    admission = await registry.an_arrival()
    seen = (await registry.bed_manager.get(f"/v1/admissions/{admission}")).headers["etag"]
    await plan(registry, admission)
    path = f"/v1/admissions/{admission}/discharge_plan"
    answer = await registry.staff("physician").put(path, json={}, headers={"if-match": seen})
    assert code_of(answer) == (412, "precondition_failed")


# Who leaves today


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("UTC", "2026-11-25T00:00:00Z", "2026-11-25T23:59:59Z"),
        ("America/New_York", "2026-11-25T05:00:00Z", "2026-11-26T04:59:59Z"),
        ("Pacific/Auckland", "2026-11-24T11:00:00Z", "2026-11-25T10:59:59Z"),
    ],
)
async def test_who_leaves_on_a_day_of_the_hospital(registry: Registry, zone: str, first: str, last: str):
    department, second = await registry.a_department(), timedelta(seconds=1)
    times = [moment(first) - second, moment(first), moment(last), moment(last) + second]
    admissions = [await registry.an_arrival(department) for _ in times]
    for admission, at in zip(admissions, times, strict=True):
        await plan(registry, admission, at, {"kind": "transport"})
    await registry.an_arrival(department)  # without a plan

    settings = registry.settings.model_copy(update={"time_zone": ZoneInfo(zone)})
    app = create_app(settings)
    async with at_rest(app, settings, {}):
        query = f"department_id={department}&leaving_on=2026-11-25&order=discharge_expected_at"
        answer = await client_for(app, "bed_manager").get(f"/v1/admissions?{query}")
    leaving = answer.json()["items"]
    assert [one["id"] for one in leaving] == [str(admission) for admission in admissions[1:3]]
    assert [one["waits_for"] for one in leaving] == [["transport"], ["transport"]]


async def test_the_list_goes_by_the_expected_time_page_by_page_the_unplanned_last(registry: Registry):
    department = await registry.a_department()
    later, sooner, unplanned = [await registry.an_arrival(department) for _ in range(3)]
    await plan(registry, later, NOON)
    await plan(registry, sooner, MORNING)
    path, found = f"/v1/admissions?department_id={department}&order=discharge_expected_at&limit=1", []
    after = ""
    for _ in range(3):
        page = (await registry.bed_manager.get(path + after)).json()
        found += [one["id"] for one in page["items"]]
        after = f"&after={page['next']}"
    assert found == [str(sooner), str(later), str(unplanned)]
    assert page["next"] is None
    assert page["items"][0]["discharge_expected_at"] is None


# Confirmed


async def confirm(registry: Registry, admission: UUID, role: str = "charge_nurse", **body: str):
    path = f"/v1/admissions/{admission}/discharge_confirmation"
    return await registry.staff(role).post(path, json=body)


async def test_a_discharge_is_confirmed_while_the_patient_is_here(registry: Registry):
    admission = await registry.an_arrival()
    answer = await confirm(registry, admission, "physician", disposition="home")
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["disposition"]) == (200, "admitted", "home")
    assert shown["discharge_confirmed_by"].startswith("user/")
    assert code_of(await confirm(registry, admission)) == (409, "already_confirmed")
    await registry.hears(admission, P.LEFT, version=3)
    shown = await registry.admission(admission)
    assert (shown["state"], shown["left_unconfirmed"]) == ("discharged", False)
    assert await registry.told(admission) == ["requested", "admitted", "discharge_confirmed", "discharged"]


async def test_who_leaves_later_than_two_hours_after_the_confirmation_misses_the_target(registry: Registry):
    admission = await registry.an_arrival()
    confirmed = (await confirm(registry, admission)).json()
    due = moment(confirmed["confirmed_left_due_at"])
    assert due - moment(confirmed["discharge_confirmed_at"]) == timedelta(minutes=120)
    assert not confirmed["confirmed_left_missed"]

    await registry.hears(admission, P.LEFT, version=3, since=due + timedelta(seconds=1))

    left = await registry.admission(admission)
    assert (moment(left["left_at"]), left["confirmed_left_missed"]) == (due + timedelta(seconds=1), True)


async def test_the_target_is_missed_by_the_clock_also_while_the_patient_is_here(registry: Registry):
    admission = await registry.an_arrival()
    before = (await confirm(registry, admission)).headers["etag"]
    late = "UPDATE admission SET confirmed_left_due_at = now() - interval '1 minute' WHERE id = $1"
    await registry.admin.execute(late, admission)
    answer = await registry.bed_manager.get(f"/v1/admissions/{admission}")
    assert answer.json()["confirmed_left_missed"]
    assert answer.headers["etag"] != before
    since = moment(answer.json()["confirmed_left_due_at"]) - timedelta(minutes=1)
    await registry.hears(admission, P.LEFT, version=3, since=since)  # as it was reported
    assert not (await registry.admission(admission))["confirmed_left_missed"]


async def test_the_target_is_the_one_in_force_at_the_confirmation(registry: Registry):
    add = "INSERT INTO discharge_target VALUES (now() + $1, $2)"
    await registry.admin.execute(add, timedelta(minutes=-1), 30)
    await registry.admin.execute(add, timedelta(days=1), 10)
    confirmed = (await confirm(registry, await registry.an_arrival())).json()
    await registry.admin.execute("DELETE FROM discharge_target WHERE effective_from > '2001-01-01'")
    left_by = moment(confirmed["confirmed_left_due_at"]) - moment(confirmed["discharge_confirmed_at"])
    assert left_by == timedelta(minutes=30)


async def test_a_departure_without_confirmation_is_flagged_until_it_comes(registry: Registry):
    admission = await registry.an_arrival()
    await registry.hears(admission, P.LEFT, version=3)
    assert (await registry.admission(admission))["left_unconfirmed"]
    assert (await confirm(registry, admission)).json()["disposition"] == "unspecified"
    shown = await registry.admission(admission)
    assert (shown["state"], shown["left_unconfirmed"]) == ("discharged", False)


async def test_nobody_is_discharged_who_has_not_arrived(registry: Registry):
    admission = await registry.an_admission()
    assert code_of(await confirm(registry, admission)) == (409, "not_admitted")
    assert code_of(await confirm(registry, admission, "nurse")) == (403, "forbidden")
