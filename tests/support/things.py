"""What `{…}` stands for in the rows of the role matrix: the things of one department."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.hospital import Department, Hospital


async def things_of(hospital: Hospital, ward: Department) -> dict[str, str]:
    """A patient in a bed that was held before, and what belongs to it. Nothing but a departure would free the bed.

    The patient is to go elsewhere (`outgoing_id`), and another one is to come (`transfer_id`). A second bed, which is
    dirty, is reserved for later.
    """
    patient, bed = await hospital.a_patient(), ward.beds[0]
    resident = await hospital.an_admission(ward, patient)
    held = await hospital.bed_manager.read(f"/v1/beds/{bed}")
    await hospital.bed_manager.do(f"/v1/placements/{resident['id']}/arrival")
    spill = {"bed_id": str(bed), "type": "spill", "priority": "normal"}
    job = await (await hospital.staff("housekeeping")).do("/v1/cleaning_jobs", spill)
    waiting = await hospital.an_admission(ward)
    elsewhere = await hospital.a_department(beds=1)
    guest = await hospital.an_admission(elsewhere)
    await hospital.bed_manager.do(f"/v1/placements/{guest['id']}/arrival")
    transfers = [
        await hospital.bed_manager.do(f"/v1/placements/{who['id']}/transfers", {"department_id": str(to)})
        for who, to in ((resident, elsewhere.id), (guest, ward.id))
    ]
    spare = {"department_id": str(ward.id), "room_id": str(ward.room), "code": "B0"}
    kept = (await hospital.admin.do("/v1/beds", spare))["id"]  # never ready, so that it is given to nobody
    later = [(datetime.now(UTC) + timedelta(hours=hours)).isoformat() for hours in (24, 28)]
    planned = {
        "admission_id": (await hospital.an_admission(ward))["id"],
        "starts_at": later[0],
        "ends_at": later[1],
    }
    reservation = await hospital.bed_manager.do(f"/v1/beds/{kept}/reservations", planned)
    return {
        "department_id": str(ward.id),
        "room_id": str(ward.room),
        "bed_id": str(bed),
        "hold_id": held["hold_id"],
        "patient_id": str(patient),
        "admission_id": waiting["id"],
        "job_id": job["id"],
        "outgoing_id": transfers[0]["id"],
        "transfer_id": transfers[1]["id"],
        "reserved_bed_id": kept,
        "reservation_id": reservation["id"],
        "later": later[0],
        "still_later": later[1],
    }


def filled(body: Any, things: Mapping[str, str]) -> Any:
    """The body of a row with the things in their places."""
    match body:
        case str():
            return body.format(**things)
        case list():
            return [filled(item, things) for item in body]
        case Mapping():
            return {name: filled(item, things) for name, item in body.items()}
        case _:
            return body
