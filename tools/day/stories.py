"""What happens to people on a played day: patients come, move and leave; beds are cleaned."""

import random
from itertools import count
from typing import Any

from tools.day.clock import Clock
from tools.day.hospital import Hospital
from tools.day.people import invented
from tools.day.plan import Coming, Fate

_LOOK_AGAIN = 15 * 60.0
_LOOK_FOR_AN_OFFER = 8 * 60.0
"""Less than the ten minutes that an offer stands."""
_ON_THE_WAY, _CLEANING, _BETWEEN = 10 * 60.0, 25 * 60.0, 5 * 60.0
_WAIT_SECONDS = 5


class Stories:
    """Each is one task of the day. Times are seconds of the hospital's clock."""

    def __init__(self, hospital: Hospital, clock: Clock, seed: int) -> None:
        self._hospital, self._clock, self._seed = hospital, clock, seed

    async def come(self, patient: Coming) -> None:
        await self._clock.until(patient.at)
        hospital, once = self._hospital, f"{patient.number}"
        who = invented(random.Random(f"{self._seed} {patient.number}"), hospital.run, patient.number)
        registered = await hospital.act(
            hospital.bed_manager, "register", "/v1/patients", who._asdict(), once=once
        )
        if registered is None:
            return
        wanted = {
            "patient_id": registered["id"],
            "department_id": hospital.departments[patient.ward],
            "priority": patient.priority,
            "needs": hospital.needs.get(hospital.departments[patient.ward], {}),
        }
        admitted = await hospital.act(
            hospital.bed_manager, "admit", "/v1/admissions", wanted, once=once, wait=_WAIT_SECONDS
        )
        if admitted is None:
            return
        admission = admitted["id"]
        await self._clock.pass_by(patient.to_the_ward)
        if patient.fate is not Fate.STAYS:
            await self._stay_away(patient, admission)
        elif placement := await self._reach_a_bed(admission, once):
            await self._stay(patient, placement)

    async def leave(self, placement: Any, after: float) -> None:
        """Somebody who was in a bed when the day began."""
        await self._clock.until(after)
        await self._depart(placement, f"present-{placement['admission_id']}")

    async def clean(self, cleaner: int) -> None:
        """All day: a job of the worklist, each of several cleaners another one; on the way, at work, done."""
        hospital = self._hospital
        for turn in count():
            jobs = (await hospital.housekeeping.get("/v1/cleaning_jobs?state=requested&limit=20"))["items"]
            if len(jobs) <= cleaner:
                await self._clock.pass_by(_BETWEEN)
                continue
            job = jobs[cleaner]["id"]
            for step, takes in (("accept", _ON_THE_WAY), ("start", _CLEANING), ("complete", _BETWEEN)):
                path, once = f"/v1/cleaning_jobs/{job}/{step}", f"cleaner-{cleaner}-{turn}"
                if await hospital.act(hospital.housekeeping, step, path, {}, once=once) is None:
                    break
                await self._clock.pass_by(takes)

    async def _stay_away(self, patient: Coming, admission: str) -> None:
        act, reason = {
            Fate.CANCELLED: ("cancel", "patient_request"),
            Fate.NO_SHOW: ("no_show", "unreachable"),
        }[patient.fate]
        hospital, path = self._hospital, f"/v1/admissions/{admission}/{act}"
        await hospital.act(hospital.bed_manager, act, path, {"reason_code": reason}, once=f"{patient.number}")

    async def _reach_a_bed(self, admission: str, once: str) -> Any | None:
        """Waits until there is one. The placement in it; None where somebody else decided."""
        hospital = self._hospital
        hospital.tally.waiting += 1
        try:
            for turn in count():
                placement = await hospital.placement(admission)
                if placement is None:
                    await self._clock.pass_by(_ON_THE_WAY)
                    continue
                match placement["state"]:
                    case "held":
                        body: dict[str, object] = {}
                        if placement["offer_id"] is not None:
                            await self._accept_offer(admission, f"{once}-{turn}")
                    case "queued":
                        bed = placement["refusal"] != "no_bed" and await hospital.free_bed(
                            placement["department_id"]
                        )
                        body = {"bed_id": bed} if bed else {}
                    case _:
                        return None
                if body or placement["state"] == "held":
                    path = f"/v1/placements/{admission}/arrival"
                    arrived = await hospital.act(
                        hospital.bed_manager, "arrive", path, body, once=f"{once}-{turn}"
                    )
                    if arrived is not None:
                        hospital.tally.in_beds += 1
                        return arrived
                await self._clock.pass_by(_LOOK_FOR_AN_OFFER)
        finally:
            hospital.tally.waiting -= 1
        return None

    async def _accept_offer(self, admission: str, once: str) -> None:
        path = f"/v1/placements/{admission}/offer/accept"
        if await self._hospital.act(self._hospital.bed_manager, "accept_offer", path, {}, once=once):
            await self._clock.pass_by(_ON_THE_WAY)

    async def _stay(self, patient: Coming, placement: Any) -> None:
        hospital, once, stay = self._hospital, f"{patient.number}", patient.stay
        if patient.moves_after is not None:
            await self._clock.pass_by(patient.moves_after)
            stay -= patient.moves_after
            if patient.moves_to is None:
                await self._move(placement, await hospital.free_bed(placement["department_id"]), once)
            else:
                await self._transfer(placement, hospital.departments[patient.moves_to], once)
        await self._clock.pass_by(stay)
        await self._depart(placement, once)

    async def _move(self, placement: Any, bed: str | None, once: str) -> None:
        if bed:
            path = f"/v1/placements/{placement['admission_id']}/moves"
            await self._hospital.act(self._hospital.bed_manager, "move", path, {"bed_id": bed}, once=once)

    async def _transfer(self, placement: Any, department: str, once: str) -> None:
        """Asked for, accepted when somebody has looked, and the patient is brought over; declined without a bed."""
        hospital, admission = self._hospital, placement["admission_id"]
        path, wanted = f"/v1/placements/{admission}/transfers", {"department_id": department}
        asked = await hospital.act(hospital.bed_manager, "ask_transfer", path, wanted, once=once)
        if asked is None:
            return
        await self._clock.pass_by(_LOOK_AGAIN)
        path, bed = f"/v1/transfers/{asked['id']}", await hospital.free_bed(department)
        held = bed and await hospital.act(
            hospital.bed_manager, "accept_transfer", f"{path}/accept", {"bed_id": bed}, once=once
        )
        if held:
            await self._clock.pass_by(_ON_THE_WAY)
            await self._move(placement, bed, f"{once}-transfer")
        else:
            body = {"reason_code": "no_bed"}
            await hospital.act(hospital.bed_manager, "decline_transfer", f"{path}/decline", body, once=once)

    async def _depart(self, placement: Any, once: str) -> None:
        hospital, admission = self._hospital, placement["admission_id"]
        if placement["department_id"] in hospital.rounds:
            path, home = f"/v1/admissions/{admission}/discharge_confirmation", {"disposition": "home"}
            await hospital.act(hospital.physician, "confirm", path, home, once=once)
        path, body = f"/v1/placements/{admission}/departure", {"reason_code": "discharged"}
        if await hospital.act(hospital.bed_manager, "depart", path, body, once=once) is not None:
            hospital.tally.in_beds -= 1
