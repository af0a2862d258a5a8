"""Names beside the patients of a board."""

from typing import Any

import orjson
from aiohttp import web

from common.auth import Verifier
from common.ids import new_id
from tests.gateway.conftest import OpenHouse
from tests.gateway.house import CLOSED, House, Services, Visitor
from tools.stack.secrets import Secrets

ANN, BOB = str(new_id()), str(new_id())
BEDS = {
    "items": [
        {"id": "1", "state": "occupied", "patient_id": ANN},
        {"id": "2", "state": "held", "patient_id": BOB},
        {"id": "3", "state": "available", "patient_id": None},
    ],
    "next": "cursor",
}


def named(items: list[dict[str, Any]]) -> list[Any]:
    return [item["patient_name"] for item in items]


async def test_each_patient_gets_a_name_and_the_whole_an_etag(house: House, secrets: Secrets):
    visitor, names = await house.newcomer(), {ANN: "Lee, Ann", BOB: None}

    async def beds(_: web.Request) -> web.Response:
        headers = {"etag": '"theirs"', "link": '</v1/beds?after=cursor&include=patient_name>; rel="next"'}
        return web.Response(body=orjson.dumps(BEDS), headers=headers, content_type="application/json")

    house.services.answers["GET", "/v1/beds"] = beds
    house.services.answers["POST", "/v1/patients/names"] = {"names": names}
    path = "/v1/beds?state=occupied&include=patient_name"
    answer = await visitor.client.get(path, headers={"if-none-match": '"theirs"'})
    assert named(answer.json()["items"]) == ["Lee, Ann", None, None]
    assert "names" not in answer.json()
    assert "include=patient_name" in answer.headers["link"]
    page, asked = house.services.asked
    assert (page.path, "If-None-Match" in page.headers) == (path, False)
    assert (asked.method, orjson.loads(asked.body)) == ("POST", {"ids": sorted([ANN, BOB])})
    assert str(Verifier(secrets.token_public_key(), "admissions").verify(asked.token).user_id) == visitor.id
    known = {"if-none-match": f"W/{answer.headers['etag']}"}
    assert (await visitor.client.get(path, headers=known)).status_code == 304
    names[BOB] = "Ray, Bob"
    assert (await visitor.client.get(path, headers=known)).status_code == 200


async def test_without_include_nobody_is_asked(house: House):
    visitor = await house.newcomer()
    house.services.answers["GET", "/v1/beds"] = BEDS
    assert (await visitor.client.get("/v1/beds?include=other")).json() == BEDS
    assert len(house.services.asked) == 1


async def test_a_file_is_passed_on_as_it_is(house: House):
    visitor = await house.newcomer()
    house.services.answers["GET", "/v1/reports/movements"] = b"id,patient_id\r\n1,2\r\n"
    answer = await visitor.client.get("/v1/reports/movements?include=patient_name&format=csv")
    assert (answer.status_code, answer.text) == (200, "id,patient_id\r\n1,2\r\n")


async def test_a_single_bed_and_a_board_are_named_too(house: House):
    visitor = await house.newcomer()
    house.services.answers["POST", "/v1/patients/names"] = {"names": {ANN: "Lee, Ann"}}
    house.services.answers["GET", "/v1/beds/1"] = {"id": "1", "patient_id": ANN}
    house.services.answers["GET", "/v1/departments/1/board"] = {"placements": [{"patient_id": ANN}]}
    bed = (await visitor.client.get("/v1/beds/1?include=patient_name")).json()
    board = (await visitor.client.get("/v1/departments/1/board?include=patient_name")).json()
    assert (bed["patient_name"], named(board["placements"])) == ("Lee, Ann", ["Lee, Ann"])


async def beds_without_names(house: House, visitor: Visitor) -> Any:
    house.services.answers["GET", "/v1/beds"] = BEDS
    answer = await visitor.client.get("/v1/beds?include=patient_name")
    assert answer.status_code == 200
    assert named(answer.json()["items"]) == [None, None, None]
    return answer.json()["names"]


async def test_beds_still_come_when_admissions_is_away(
    opening: OpenHouse, shared_database: str, services: Services
):
    async with opening(shared_database, services, ADMISSIONS_URL=CLOSED) as house:
        assert await beds_without_names(house, await house.newcomer()) == "unavailable"


async def test_beds_still_come_for_those_who_may_not_see_names(house: House):
    async def forbid(_: web.Request) -> web.Response:
        return web.json_response({"code": "forbidden"}, status=403)

    house.services.answers["POST", "/v1/patients/names"] = forbid
    assert await beds_without_names(house, await house.newcomer()) == "withheld"


async def test_a_refusal_of_beds_is_passed_on(house: House):
    async def forbid(_: web.Request) -> web.Response:
        return web.json_response({"code": "forbidden"}, status=403, content_type="application/problem+json")

    visitor = await house.newcomer()
    house.services.answers["GET", "/v1/beds"] = forbid
    answer = await visitor.client.get("/v1/beds?include=patient_name")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
