"""Whether beds and admissions say the same of an admission, once all is quiet (domain §2, the table of answers)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from tests.support.hospital import Hospital
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


class Sides(NamedTuple):
    """What the two services say. `placement` is empty where beds has never heard of the admission."""

    admission: Json
    placement: Json

    @property
    def states(self) -> tuple[str, str]:
        return self.admission["state"], self.placement["state"]

    def agree(self) -> bool:
        heard = self.admission["placement"]
        return bool(
            self.placement
            and heard
            and self.admission["state"] in AGREE[self.placement["state"]]
            and self.placement["want_version"] == self.admission["want_version"]
            and all(heard[name] == self.placement[name] for name in ("state", "bed_id", "version"))
        )

    def __str__(self) -> str:
        desk, bedside = self
        return (
            f"{desk['id']}: admission {desk['state']}, want {desk['want_version']};"
            f" placement {bedside.get('state')}, want {bedside.get('want_version')}"
        )


async def both_sides(hospital: Hospital, admission_ids: Sequence[str]) -> dict[str, Sides]:
    """Each of these admissions as both services see it now."""
    found = await asyncio.gather(*(_sides(hospital, one) for one in admission_ids))
    return dict(zip(admission_ids, found, strict=True))


async def agreed(hospital: Hospital, admission_ids: Sequence[str]) -> dict[str, Sides]:
    """The same, once both say the same of every one."""
    wrong: list[str] = []

    async def quiet() -> dict[str, Sides] | None:
        sides = await both_sides(hospital, admission_ids)
        wrong[:] = [str(one) for one in sides.values() if not one.agree()]
        return None if wrong else sides

    try:
        sides: dict[str, Sides] = await eventually(quiet, within=20)
    except AssertionError:
        raise AssertionError("they do not agree:\n" + "\n".join(wrong)) from None
    return sides


async def _sides(hospital: Hospital, admission_id: str) -> Sides:
    manager = hospital.bed_manager
    admission = await manager.read(f"/v1/admissions/{admission_id}")
    answer = await manager.ask("GET", f"/v1/placements/{admission_id}")
    assert answer.status_code in (200, 404), answer.text
    return Sides(admission, answer.json() if answer.status_code == 200 else {})
