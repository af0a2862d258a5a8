"""Whether beds and admissions say the same of an admission, once all is quiet (domain §2, the table of answers)."""

from __future__ import annotations

from tests.support.hospital import Department, Hospital
from tests.support.person import Json
from tests.support.waiting import eventually

#: What an admission may be while its placement is this.
AGREE = {
    "queued": {"requested"},
    "held": {"bed_assigned"},
    "in_bed": {"admitted"},
    "on_leave": {"on_leave"},
    "left": {"discharged"},
    "withdrawn": {"cancelled", "no_show"},
}


async def both_sides(hospital: Hospital, *wards: Department) -> dict[str, tuple[Json, Json | None]]:
    """Each admission of these wards with its placement, or None where beds has none."""
    manager = hospital.bed_manager
    admissions = [
        a for ward in wards for a in await manager.list("/v1/admissions", department_id=str(ward.id))
    ]
    placements = {}
    for admission in admissions:
        answer = await manager.ask("GET", f"/v1/placements/{admission['id']}")
        placements[admission["id"]] = answer.json() if answer.status_code == 200 else None
    return {admission["id"]: (admission, placements[admission["id"]]) for admission in admissions}


def disagreements(sides: dict[str, tuple[Json, Json | None]]) -> list[str]:
    """A sentence for each admission of which the services do not say the same."""
    return [
        f"{one}: admission {admission['state']} (want {admission['want_version']}),"
        f" placement {placement and (placement['state'], placement['want_version'])}"
        for one, (admission, placement) in sides.items()
        if placement is None
        or admission["state"] not in AGREE[placement["state"]]
        or placement["want_version"] != admission["want_version"]
        or admission["placement"]["version"] != placement["version"]
        or admission["placement"]["bed_id"] != placement["bed_id"]
    ]


async def agreed(hospital: Hospital, *wards: Department) -> dict[str, tuple[Json, Json]]:
    """What both services say of every admission of these wards, once they agree."""

    async def quiet() -> bool:
        wrong = disagreements(await both_sides(hospital, *wards))
        if wrong:
            last[:] = wrong
        return not wrong

    last: list[str] = []
    try:
        await eventually(quiet, within=20, every=0.2)
    except AssertionError:
        raise AssertionError(last) from None
    return {
        one: (admission, placement)
        for one, (admission, placement) in (await both_sides(hospital, *wards)).items()
        if placement is not None
    }
