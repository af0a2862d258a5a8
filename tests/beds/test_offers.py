"""A bed that becomes free is offered to whoever goes first: accepted, declined, over, withdrawn; then to the next."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from beds.domain.placement import Priority, Want, Wish
from beds.domain.rules import Needs
from common.ids import new_id
from tests.beds.ward import Json, Ward, code_of

DECLINED = {"reason_code": "too_far_away"}


async def waits(ward: Ward, department: UUID, minutes: int) -> UUID:
    """Has waited for so long."""
    return await ward.waits_for(department, since=await ward.now() - timedelta(minutes=minutes))


async def an_offer(ward: Ward) -> tuple[UUID, UUID]:
    """A bed, and the admission to which it is offered; nobody else waits there."""
    department = await ward.a_department()
    admission = await waits(ward, department, 45)
    bed = await ward.a_bed(department)
    await ward.places_all()
    assert (await ward.placement(admission))["offer_id"] is not None
    return bed, admission


async def accept(ward: Ward, admission: UUID, **headers: str) -> httpx2.Response:
    return await ward.bed_manager.post(f"/v1/placements/{admission}/offer/accept", headers=headers)


async def decline(ward: Ward, admission: UUID) -> httpx2.Response:
    return await ward.bed_manager.post(f"/v1/placements/{admission}/offer/decline", json=DECLINED)


async def only_offer(ward: Ward, admission: UUID) -> Json:
    (offer,) = await ward.offers(admission_id=admission)
    return offer


def minutes_of(offer: Json) -> float:
    lasts = datetime.fromisoformat(offer["offered_until"]) - datetime.fromisoformat(offer["offered_at"])
    return lasts.total_seconds() / 60


async def test_a_bed_that_becomes_free_is_offered_for_ten_minutes(ward: Ward):
    bed, admission = await an_offer(ward)

    placement, offer, shown = (
        await ward.placement(admission),
        await only_offer(ward, admission),
        await ward.bed(bed),
    )
    assert (placement["state"], placement["bed_id"]) == ("held", str(bed))
    assert placement["offer_id"] == placement["hold_id"] == offer["id"] == shown["hold_id"]
    assert placement["held_until"] == offer["offered_until"] == shown["held_until"]
    assert (offer["state"], offer["bed_id"], offer["decided_at"]) == ("offered", str(bed), None)
    assert minutes_of(offer) == 10
    assert (await ward.told(admission))[-1] == "offered"
    assert (await ward.last_told(admission))["offer_id"] == offer["id"]


async def test_a_want_that_is_answered_at_once_is_held_without_an_offer(ward: Ward):
    department = await ward.a_department()
    await ward.a_bed(department)
    admission = await ward.waits_for(department)
    placement = await ward.placement(admission)
    assert (placement["state"], placement["offer_id"]) == ("held", None)
    assert await ward.offers(admission_id=admission) == []


async def test_an_accepted_offer_is_a_hold_of_half_an_hour_from_now(ward: Ward):
    bed, admission = await an_offer(ward)
    offered, before = await ward.placement(admission), await ward.now()

    answer = await accept(ward, admission)

    assert answer.status_code == 200
    accepted = answer.json()
    assert (accepted["state"], accepted["bed_id"], accepted["offer_id"]) == ("held", str(bed), None)
    assert accepted["hold_id"] != offered["hold_id"]
    lasts = (datetime.fromisoformat(accepted["held_until"]) - before).total_seconds() / 60
    assert 30 <= lasts < 31
    offer = await only_offer(ward, admission)
    assert (offer["state"], offer["decided_at"]) == ("accepted", accepted["changed_at"])
    assert offer["decided_by"] == accepted["changed_by"]
    assert (await ward.told(admission))[-2:] == ["offered", "held"]
    assert (await ward.told(bed))[-2:] == ["held", "held"]
    rows = await ward.admin.fetch("SELECT period FROM occupancy WHERE bed_id = $1 ORDER BY period", bed)
    assert rows[0]["period"].upper == rows[1]["period"].lower, "the offered hold ends where the other begins"


async def test_an_accepted_offer_that_runs_out_waits_for_a_person(ward: Ward):
    bed, admission = await an_offer(ward)
    await ward.accepts(admission)
    await ward.lapses(bed)
    await ward.sweeps_all()
    assert (await ward.placement(admission))["refusal"] == "expired"
    assert (await only_offer(ward, admission))["state"] == "accepted"


@pytest.mark.parametrize("named", [True, False])
async def test_an_arrival_in_the_offered_bed_accepts_it(ward: Ward, named: bool):
    bed, admission = await an_offer(ward)
    await ward.arrives(admission, bed if named else None)
    assert (await ward.placement(admission))["offer_id"] is None
    assert (await only_offer(ward, admission))["state"] == "accepted"


async def test_a_declined_bed_goes_on_to_the_next(ward: Ward):
    department = await ward.a_department()
    first, second = await waits(ward, department, 45), await waits(ward, department, 5)
    bed = await ward.a_bed(department)
    await ward.places_all()

    answer = await decline(ward, first)
    await ward.places_all()

    assert (answer.status_code, answer.json()["state"], answer.json()["refusal"]) == (200, "queued", "no_bed")
    offer = await only_offer(ward, first)
    assert (offer["state"], offer["reason_code"]) == ("declined", DECLINED["reason_code"])
    assert (await ward.placement(second))["bed_id"] == str(bed)
    assert await ward.told(first) == ["queued", "offered", "offer_declined"]
    told = await ward.last_told(first)
    assert (told["reason_code"], told["previous"]) == (DECLINED["reason_code"], {"bed_id": str(bed)})


async def test_an_offer_that_is_over_goes_on_to_the_next(ward: Ward):
    department = await ward.a_department()
    first, second = await waits(ward, department, 45), await waits(ward, department, 5)
    bed = await ward.a_bed(department)
    await ward.places_all()

    end = await ward.lapses(bed)
    unswept = await ward.placement(first), await only_offer(ward, first)
    await ward.sweeps_all()
    swept = await ward.placement(first), await only_offer(ward, first)
    await ward.places_all()

    for placement, offer in (unswept, swept):
        assert (placement["state"], placement["refusal"], placement["offer_id"]) == ("queued", "no_bed", None)
        assert (offer["state"], offer["decided_by"]) == ("expired", None)
        assert datetime.fromisoformat(offer["decided_at"]) == end
    assert await ward.told(first) == ["queued", "offered", "offer_expired"]
    assert (await ward.last_told(first))["previous"] == {"bed_id": str(bed)}
    assert (await ward.placement(second))["bed_id"] == str(bed)


async def test_a_bed_that_nobody_wants_stays_free(ward: Ward):
    department = await ward.a_department()
    everybody = [await waits(ward, department, n) for n in (45, 30, 15)]
    bed = await ward.a_bed(department)
    for admission in everybody:
        await ward.places_all()
        await ward.declines(admission)
    await ward.places_all()
    assert (await ward.bed(bed))["state"] == "available"
    assert [offer["admission_id"] for offer in await ward.offers(bed_id=bed)] == [*map(str, everybody[::-1])]
    assert {(await ward.placement(one))["refusal"] for one in everybody} == {"no_bed"}


async def test_whoever_declined_keeps_the_place_in_the_queue(ward: Ward):
    """Else everybody would be before whoever declines a bed that does not fit."""
    department = await ward.a_department()
    first, second = await waits(ward, department, 45), await waits(ward, department, 30)
    await ward.a_bed(department)
    await ward.places_all()
    await ward.declines(first)
    turns = [one["admission_id"] for one in await ward.report("queue", department_id=department)]
    assert turns == [str(first), str(second)]
    await ward.places_all()  # the same bed, for the second
    other = await ward.a_bed(department)
    await ward.places_all()
    assert (await ward.placement(first))["bed_id"] == str(other)


@pytest.mark.parametrize("how", ["declined", "over", "over and not swept"])
async def test_whoever_had_an_offer_has_waited_since_the_bed_was_wanted(ward: Ward, how: str):
    bed, admission = await an_offer(ward)
    wanted = datetime.fromisoformat((await ward.placement(admission))["want"]["requested_at"])
    department = UUID((await ward.bed(bed))["department_id"])
    shorter = await waits(ward, department, 20)
    if how == "declined":
        await ward.declines(admission)
    else:
        await ward.lapses(bed)
    if how == "over":
        await ward.sweeps_all()
    if how != "over and not swept":
        assert datetime.fromisoformat((await ward.placement(admission))["since"]) == wanted
    queue = await ward.report("queue", department_id=department)
    assert [one["admission_id"] for one in queue] == [str(admission), str(shorter)]
    assert 45 <= queue[0]["waiting_minutes"] < 46


async def test_nobody_is_offered_the_same_bed_twice_for_one_want(ward: Ward):
    bed, admission = await an_offer(ward)
    await ward.declines(admission)
    await ward.places_all()
    assert (await ward.bed(bed))["state"] == "available"

    await ward.says(await newer(ward, admission, 2))

    placement = await ward.placement(admission)
    assert (placement["bed_id"], placement["offer_id"]) == (str(bed), None), "a newer want is answered anew"


async def test_an_offer_that_a_newer_want_leaves_in_place_is_declined_for_that_want(ward: Ward):
    """Else it would be offered again at once, since the older want is not the present one."""
    bed, admission = await an_offer(ward)
    offered = await ward.placement(admission)
    await ward.says(await newer(ward, admission, 2))
    assert (await ward.placement(admission))["offer_id"] == offered["offer_id"]
    await ward.declines(admission)
    await ward.places_all()
    assert (await ward.bed(bed))["state"] == "available"
    assert (await only_offer(ward, admission))["want_version"] == 2


async def newer(ward: Ward, admission: UUID, version: int, **changes: Any) -> Wish:
    """The same want said again, with changes; `want=None` wants nothing."""
    placement = await ward.placement(admission)
    want = Want(
        UUID(placement["want"]["department_id"]),
        None,
        Priority.URGENT,
        Needs(),
        ready=True,
        requested_at=datetime.fromisoformat(placement["want"]["requested_at"]),
    )
    wish = Wish(admission, UUID(placement["patient_id"]), want, version, 1)
    return wish._replace(**changes)


@pytest.mark.parametrize("how", ["cancelled", "elsewhere", "released", "another hold", "arrival elsewhere"])
async def test_whatever_else_ends_the_hold_withdraws_the_offer(ward: Ward, how: str):
    bed, admission = await an_offer(ward)
    hold = UUID((await ward.bed(bed))["hold_id"])
    elsewhere = await ward.a_bed()
    match how:
        case "cancelled":
            await ward.says(await newer(ward, admission, 2, want=None))
        case "elsewhere":
            want = Want(await ward.a_department(), None, Priority.URGENT, Needs(), True, await ward.now())
            await ward.says(await newer(ward, admission, 2, want=want))
        case "released":
            await ward.releases(bed, hold)
        case "another hold":
            await ward.holds(admission, elsewhere)
        case "arrival elsewhere":
            await ward.arrives(admission, elsewhere)
    offer, placement = await only_offer(ward, admission), await ward.placement(admission)
    assert (offer["state"], placement["offer_id"]) == ("withdrawn", None)
    assert (await ward.bed(bed))["state"] == "available"
    assert code_of(await accept(ward, admission)) == (409, "no_offer")


async def test_a_released_offer_waits_for_a_person(ward: Ward):
    bed, admission = await an_offer(ward)
    await ward.releases(bed, UUID((await ward.bed(bed))["hold_id"]))
    await ward.places_all()
    assert (await ward.placement(admission))["refusal"] == "released"


async def test_a_bed_that_is_offered_is_not_blocked(ward: Ward):
    bed, _ = await an_offer(ward)
    answer = await ward.bed_manager.post(f"/v1/beds/{bed}/block", json={"reason_code": "repair"})
    assert code_of(answer) == (409, "bed_occupied")


@pytest.mark.parametrize("act", [accept, decline])
async def test_nothing_is_decided_where_nothing_is_offered(ward: Ward, act):
    department = await ward.a_department()
    waiting = await ward.waits_for(department)
    assert code_of(await act(ward, waiting)) == (409, "no_offer")
    await ward.a_bed(department)
    held = await ward.waits_for(department)
    assert code_of(await act(ward, held)) == (409, "no_offer")


@pytest.mark.parametrize("act", [accept, decline])
async def test_a_decision_that_comes_too_late_is_told_so_swept_or_not(ward: Ward, act):
    bed, admission = await an_offer(ward)
    await ward.lapses(bed)
    late = await act(ward, admission)
    await ward.sweeps_all()
    later = await act(ward, admission)
    assert code_of(late) == code_of(later) == (409, "hold_expired")
    assert (late.json()["state"], late.json()["bed_id"]) == ("expired", str(bed))


async def test_a_second_decision_is_told_of_the_first(ward: Ward):
    _, admission = await an_offer(ward)
    await ward.declines(admission)
    answer = await accept(ward, admission)
    assert code_of(answer) == (409, "no_offer")
    offer = await only_offer(ward, admission)
    assert answer.json()["state"] == "declined"
    assert (answer.json()["changed_at"], answer.json()["changed_by"]) == (
        offer["decided_at"],
        offer["decided_by"],
    )


async def test_a_double_click_accepts_once(ward: Ward):
    _, admission = await an_offer(ward)
    click = {"idempotency-key": str(uuid4())}
    answers = [await accept(ward, admission, **click) for _ in range(3)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}


async def test_a_decision_with_the_tag_from_before_is_refused(ward: Ward):
    bed, admission = await an_offer(ward)
    tag = (await ward.bed_manager.get(f"/v1/placements/{admission}")).headers["etag"]
    await ward.lapses(bed)
    assert (await accept(ward, admission, **{"if-match": tag})).status_code == 412


async def test_the_end_of_an_offer_changes_the_tag_of_the_list(ward: Ward):
    bed, admission = await an_offer(ward)
    path = f"/v1/offers?admission_id={admission}"
    tag = (await ward.bed_manager.get(path)).headers["etag"]
    assert (await ward.bed_manager.get(path, headers={"if-none-match": tag})).status_code == 304
    await ward.lapses(bed)
    assert (await ward.bed_manager.get(path, headers={"if-none-match": tag})).status_code == 200


async def test_offers_are_listed_by_department_bed_and_state(ward: Ward):
    department = await ward.a_department()
    first, second = await waits(ward, department, 45), await waits(ward, department, 5)
    beds = [await ward.a_bed(department) for _ in range(2)]
    await ward.places_all()
    await ward.declines(first)
    await ward.lapses(beds[1])
    listed = [(one["admission_id"], one["state"]) for one in await ward.offers(department_id=department)]
    assert listed == [(str(second), "expired"), (str(first), "declined")]
    assert [one["admission_id"] for one in await ward.offers(bed_id=beds[1])] == [str(second)]
    open_ones = await ward.offers(department_id=department, state="offered")
    assert open_ones == []
    expired = await ward.offers(department_id=department, state="expired")
    assert [one["admission_id"] for one in expired] == [str(second)]


async def test_a_board_and_the_expected_arrivals_tell_what_is_offered(ward: Ward):
    bed, admission = await an_offer(ward)
    department = (await ward.bed(bed))["department_id"]

    async def shown() -> list[tuple[object, ...]]:
        board = (await ward.bed_manager.get(f"/v1/departments/{department}/board")).json()
        expected = await ward.report("arrivals_expected", department_id=department)
        return [(one["state"], one["offer_id"]) for one in (*board["placements"], *expected)]

    offer = (await only_offer(ward, admission))["id"]
    assert await shown() == [("held", offer)] * 2
    await ward.lapses(bed)
    assert await shown() == [("queued", None)] * 2
    board = (await ward.bed_manager.get(f"/v1/departments/{department}/board")).json()
    assert (board["placements"][0]["refusal"], board["placements"][0]["flags"]) == ("no_bed", [])


async def test_who_has_declined_the_best_bed_is_offered_the_next_one(ward: Ward):
    """The first one is free still, and would be chosen for anybody else."""
    declined, admission = await an_offer(ward)
    await ward.declines(admission)
    other = await ward.a_bed(UUID((await ward.bed(declined))["department_id"]))
    await ward.places_all()
    placement = await ward.placement(admission)
    assert (placement["state"], placement["bed_id"]) == ("held", str(other))
    assert placement["offer_id"] is not None


# Races: a deadlock, a double booking or an answer of 5xx shows as a failure


async def test_of_many_replicas_one_offers_the_bed(ward: Ward):
    department = await ward.a_department()
    everybody = [await waits(ward, department, n) for n in range(8)]
    beds = [await ward.a_bed(department) for _ in range(3)]

    await asyncio.gather(*(ward.places_all() for _ in range(10)))
    await ward.places_all()

    placements = [await ward.placement(one) for one in everybody]
    offered = [one["bed_id"] for one in placements if one["offer_id"] is not None]
    assert sorted(offered) == sorted(map(str, beds))
    assert len(await ward.offers(department_id=department)) == len(beds)
    for bed in beds:
        assert (await ward.told(bed)).count("held") == 1


async def rival(ward: Ward, how: str, bed: UUID, admission: UUID) -> None:
    """What somebody else does with the patient to whom the bed is offered."""
    manager, hold = ward.bed_manager, (await ward.bed(bed))["hold_id"]
    match how:
        case "accept" | "decline":
            await (accept if how == "accept" else decline)(ward, admission)
        case "arrival":
            await manager.post(f"/v1/placements/{admission}/arrival", json={})
        case "another hold":
            body = {"admission_id": str(admission)}
            await manager.post(f"/v1/beds/{await ward.a_bed()}/holds", json=body)
        case "release":
            await manager.delete(f"/v1/beds/{bed}/holds/{hold}")
        case "cancel":
            await ward.says(await newer(ward, admission, 2, want=None))
        case "sweep":
            await ward.sweeps_all()


RIVALS = ["accept", "decline", "arrival", "another hold", "release", "cancel", "sweep"]


@pytest.mark.parametrize("how", RIVALS)
async def test_an_acceptance_and_something_else_at_once(ward: Ward, how: str):
    """Whoever is first decides; the other one is told, and nothing is booked twice."""
    for _ in range(6):
        bed, admission = await an_offer(ward)
        if how == "sweep":
            await ward.lapses(bed, soon=timedelta(milliseconds=15))

        accepted, _ = await asyncio.gather(accept(ward, admission), rival(ward, how, bed, admission))

        if not accepted.is_success:
            assert code_of(accepted) in ((409, "no_offer"), (409, "hold_expired"))
            await ward.sweeps_all()
        offer, placement = await only_offer(ward, admission), await ward.placement(admission)
        assert (offer["state"] == "accepted") == (accepted.is_success or how in ("accept", "arrival"))
        assert placement["offer_id"] is None
        live = await ward.admin.fetch(
            "SELECT bed_id FROM occupancy WHERE admission_id = $1"
            " AND (upper_inf(period) OR upper(period) > clock_timestamp())",
            admission,
        )
        assert [str(row["bed_id"]) for row in live] == [one for one in (placement["bed_id"],) if one]


async def test_declining_and_offering_at_once_gives_nobody_the_same_bed_twice(ward: Ward):
    """What was declined between the look at the queue and its lock is seen under the lock."""
    for _ in range(6):
        bed, admission = await an_offer(ward)
        await asyncio.gather(ward.declines(admission), *(ward.places_all() for _ in range(4)))
        assert (await ward.bed(bed))["state"] == "available"
        assert (await only_offer(ward, admission))["state"] == "declined"


async def test_the_database_keeps_two_offers_of_one_bed_apart(ward: Ward):
    """Whatever the code does: an offer is a hold, and two holds of one bed do not overlap."""
    bed, admission = await an_offer(ward)
    offer = await ward.admin.fetchval("SELECT id FROM offer WHERE bed_id = $1", bed)
    with pytest.raises(Exception, match="offer_id_fkey"):
        await ward.admin.execute(
            "INSERT INTO offer SELECT $2, $3, bed_id, department_id, want_version, offered_at, offered_until, state"
            " FROM offer WHERE id = $1",
            offer,
            new_id(),
            await ward.waits_elsewhere(),
        )
    with pytest.raises(Exception, match="occupancy_one_per_bed"):
        await ward.admin.execute(
            "INSERT INTO occupancy SELECT $2, kind, bed_id, $3, $4, period FROM occupancy WHERE id = $1",
            offer,
            new_id(),
            new_id(),
            new_id(),
        )
    with pytest.raises(Exception, match="offer_once_for_a_want"):
        await ward.admin.execute(
            "WITH again AS (INSERT INTO occupancy SELECT $2, kind, bed_id, admission_id, patient_id,"
            " tstzrange(upper(period), upper(period) + interval '1 minute') FROM occupancy WHERE id = $1)"
            " INSERT INTO offer (id, admission_id, bed_id, department_id, want_version, offered_at, offered_until,"
            " state, decided_at) SELECT $2, admission_id, bed_id, department_id, want_version, offered_at,"
            " offered_until, 'expired', offered_until FROM offer WHERE id = $1",
            offer,
            new_id(),
        )
    assert (await only_offer(ward, admission))["state"] == "offered"
