"""The best of five hundred beds for a patient, asked of the service itself: without the gateway."""

from collections.abc import Iterator
from itertools import repeat
from uuid import uuid4

from common.auth import Caller, Grant, Minter
from tools.bench.hospital import Hospital
from tools.bench.load import Measured, Request, measure

ROOMS, FREE_BEDS_OF_A_ROOM = 125, 4


async def suggestions(hospital: Hospital, url: str, private_key: str, seconds: float) -> Measured:
    """One bed manager asks again and again. `private_key` signs the tokens of the gateway."""
    department = await hospital.department_of_rooms(ROOMS, FREE_BEDS_OF_A_ROOM)
    (patient,) = await hospital.patients(1)
    want = {"patient_id": patient, "department_id": department, "ready": False, "needs": {"sex": "female"}}
    admission = await hospital.call("POST", "/v1/admissions", want, prefer="wait=10")
    caller = Caller(uuid4(), uuid4(), (Grant("bed_manager"),))
    headers = {"authorization": f"Bearer {Minter(private_key).mint(caller, 'beds', 'bench')}"}
    asked = Request("GET", f"/v1/beds/suggestions?admission_id={admission['id']}", headers)

    def requests(_: int) -> Iterator[Request]:
        return repeat(asked)

    return await measure("suggestions from 500 beds, at the service", url, 1, requests, seconds=seconds)
