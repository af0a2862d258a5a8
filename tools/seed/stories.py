"""The patients of the demo hospital come, wait and go, each as far as the demo wants it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tools.seed.client import Client, Refused
from tools.seed.hospital import needs_in
from tools.seed.patients import ANY_FREE_BED, STEPS, Patient, Story
from tools.seed.places import Places
from tools.seed.report import together

WAIT_SECONDS = 10
_CAME, _WENT = 5, 2
_MISTAKE = "recorded_by_mistake"
_NEWBORN = {"age_band": "neonate"}


@dataclass
class Stories:
    """Patients come, wait and go, each as far as the demo wants it."""

    places: Places
    bed_manager: Client
    physician: Client
    charge_nurse: Client
    housekeeping: Client
    admin: Client

    async def tell(self, everybody: Iterable[Patient], how_far: Callable[[str], None]) -> None:
        """Who takes any bed comes last, when the others have theirs; so does who points at another patient."""
        patients = list(enumerate(everybody, 1))
        told = count(1)

        async def tell(number: int, patient: Patient) -> None:
            await self._tell(number, patient)
            how_far(f"{next(told)} of {len(patients)}")

        await together(tell(*one) for one in patients if not _comes_later(one[1]))
        await together(tell(*one) for one in patients if _comes_later(one[1]))

    async def _tell(self, number: int, patient: Patient) -> None:
        """`number` stands for the patient in keys: nothing of a person belongs there."""
        try:
            admission = await self._admitted(number, patient, await self._registered(number, patient))
            for act in STEPS[patient.story].get(admission["state"], ()):
                await getattr(self, f"_{act}")(f"patient-{number}-{act}", patient, admission)
        except Refused as refusal:
            if refusal.status not in (409, 422):  # a late report may have become too late
                raise
            self.places.report.refused.append(str(refusal))

    async def _registered(self, number: int, patient: Patient) -> str:
        known = await self._known(patient.mrn)
        if known is not None:
            return known
        body = patient.registration()
        if patient.mother is not None:
            body["mother_id"] = await self._known(patient.mother)
        made = await self.bed_manager.do("POST", "/v1/patients", body, once=f"patient-{number}")
        self.places.report.made["patients"] += 1
        return str(made["id"])

    async def _known(self, mrn: str) -> str | None:
        """Who has this record number; of a merged record the person."""
        found = (await self.bed_manager.find("/v1/patients/search", {"mrn": mrn}))["items"]
        return str(found[0]["id"]) if found else None

    async def _admitted(self, number: int, patient: Patient, patient_id: str) -> Any:
        """The patient's first admission."""
        found = await self.bed_manager.get(f"/v1/admissions?patient_id={patient_id}&limit=1")
        if found["items"]:
            return found["items"][0]
        places = self.places
        body = {
            "patient_id": patient_id,
            "department_id": places.departments[patient.ward],
            "bed_id": None
            if patient.story is Story.PLANNED
            else places.beds.get((patient.ward, patient.bed)),
            "priority": patient.priority,
            "needs": _NEWBORN if patient.mother else needs_in(patient.ward),
            "ready": patient.story is not Story.PLANNED,
        }
        once = f"patient-{number}-admission"
        made = await self.bed_manager.do("POST", "/v1/admissions", body, once=once, wait=WAIT_SECONDS)
        places.report.made["admissions"] += 1
        return made

    async def _arrive(self, once: str, patient: Patient, admission: Any) -> None:
        await self._placed(
            "arrival", once, admission, {"bed_id": self.places.beds[patient.ward, patient.bed]}
        )

    async def _confirm(self, once: str, patient: Patient, admission: Any) -> None:
        """The admission hears of the arrival a moment after beds has recorded it."""
        path, body = f"/v1/admissions/{admission['id']}/discharge_confirmation", {"disposition": "home"}
        await _eventually("not_admitted", lambda: self.physician.do("POST", path, body, once=once))

    async def _depart(self, once: str, patient: Patient, admission: Any) -> None:
        await self._placed("departure", once, admission, {"reason_code": "discharged"})

    async def _accept(self, once: str, patient: Patient, admission: Any) -> None:
        await self._take_job("accept", once, patient)

    async def _clean(self, once: str, patient: Patient, admission: Any) -> None:
        await self._take_job("start", once, patient)

    async def _take_job(self, how: str, once: str, patient: Patient) -> None:
        bed = self.places.beds[patient.ward, patient.bed]
        for job in (await self.housekeeping.get(f"/v1/cleaning_jobs?bed_id={bed}&state=requested"))["items"]:
            await self.housekeeping.do("POST", f"/v1/cleaning_jobs/{job['id']}/{how}", {}, once=once)

    async def _cancel(self, once: str, patient: Patient, admission: Any) -> None:
        await self._end("cancel", "patient_request", once, admission)

    async def _no_show(self, once: str, patient: Patient, admission: Any) -> None:
        await self._end("no_show", "unreachable", once, admission)

    async def _arrive_before(self, once: str, patient: Patient, admission: Any) -> None:
        body = {
            "bed_id": self.places.beds[patient.ward, patient.bed],
            "occurred_at": _before(admission, _CAME),
        }
        await self._placed("arrival", once, admission, body)

    async def _depart_before(self, once: str, patient: Patient, admission: Any) -> None:
        body = {"reason_code": "discharged", "occurred_at": _before(admission, _WENT)}
        await self._placed("departure", once, admission, body)

    async def _leave(self, once: str, patient: Patient, admission: Any) -> None:
        await self.charge_nurse.do("POST", f"/v1/placements/{admission['id']}/leave", {}, once=once)

    async def _move(self, once: str, patient: Patient, admission: Any) -> None:
        assert patient.to is not None
        await self._placed("moves", once, admission, {"bed_id": self.places.beds[patient.to]})

    async def _ask_transfer(self, once: str, patient: Patient, admission: Any) -> Any:
        assert patient.to is not None
        department, _ = patient.to
        body = {"department_id": self.places.departments[department]}
        return await self._placed("transfers", once, admission, body)

    async def _transfer(self, once: str, patient: Patient, admission: Any) -> None:
        assert patient.to is not None
        asked = await self._ask_transfer(once, patient, admission)
        path, bed = f"/v1/transfers/{asked['id']}/accept", {"bed_id": self.places.beds[patient.to]}
        await self.bed_manager.do("POST", path, bed, once=f"{once}-accept")
        await self._move(f"{once}-move", patient, admission)

    async def _reverse_arrival(self, once: str, patient: Patient, admission: Any) -> None:
        await self._placed("reversals", once, admission, {"of": "arrival", "reason_code": _MISTAKE})

    async def _reverse_move(self, once: str, patient: Patient, admission: Any) -> None:
        await self._placed("reversals", once, admission, {"of": "move", "reason_code": _MISTAKE})

    async def _reopen(self, once: str, patient: Patient, admission: Any) -> None:
        """The admission hears of the departure a moment after beds has recorded it."""
        path, body = f"/v1/admissions/{admission['id']}/reopen", {"reason_code": _MISTAKE}
        await _eventually(
            "not_discharged",
            lambda: self.bed_manager.do("POST", path, body, once=once, wait=WAIT_SECONDS),
        )

    async def _arrive_again(self, once: str, patient: Patient, admission: Any) -> None:
        """The bed is the patient's own still, as long as nobody cleans it."""
        await self._arrive(once, patient, admission)

    async def _enter_in_error(self, once: str, patient: Patient, admission: Any) -> None:
        """The admission hears of the departure a moment after beds has recorded it."""
        path, body = f"/v1/admissions/{admission['id']}/entered_in_error", {"reason_code": _MISTAKE}
        await _eventually(
            "already_arrived",
            lambda: self.bed_manager.do("POST", path, body, once=once, wait=WAIT_SECONDS),
        )

    async def _reserve(self, once: str, patient: Patient, admission: Any) -> None:
        """For a day from tomorrow on, as the patient was announced."""
        path = f"/v1/beds/{self.places.beds[patient.ward, patient.bed]}/reservations"
        if not (await self.bed_manager.get(f"/v1/reservations?admission_id={admission['id']}"))["items"]:
            times = {"starts_at": _after(admission, 1), "ends_at": _after(admission, 2)}
            await self.bed_manager.do("POST", path, {"admission_id": admission["id"], **times}, once=once)

    async def _merge(self, once: str, patient: Patient, admission: Any) -> None:
        assert patient.same_as is not None
        person = await self._known(patient.same_as)
        if await self._known(patient.mrn) != person:
            path = f"/v1/patients/{admission['patient_id']}/merge"
            await self.admin.do("POST", path, {"into": person}, once=once)

    async def _placed(self, what: str, once: str, admission: Any, body: Mapping[str, object]) -> Any:
        return await self.bed_manager.do("POST", f"/v1/placements/{admission['id']}/{what}", body, once=once)

    async def _end(self, how: str, reason: str, once: str, admission: Any) -> None:
        path, body = f"/v1/admissions/{admission['id']}/{how}", {"reason_code": reason}
        await self.bed_manager.do("POST", path, body, once=once, wait=WAIT_SECONDS)


def _comes_later(patient: Patient) -> bool:
    return patient.story in ANY_FREE_BED or bool(patient.mother or patient.same_as)


def _after(admission: Any, days: int) -> str:
    return (datetime.fromisoformat(admission["requested_at"]) + timedelta(days=days)).isoformat()


def _before(admission: Any, hours: int) -> str:
    """From the request on, so that it is the same time when the load is repeated."""
    return (datetime.fromisoformat(admission["requested_at"]) - timedelta(hours=hours)).isoformat()


async def _eventually(while_code: str, act: Callable[[], Awaitable[Any]]) -> Any:
    """Repeats an act that is refused only because another service has not heard of it yet."""
    for _ in range(50):
        try:
            return await act()
        except Refused as refusal:
            if refusal.code != while_code:
                raise
        await asyncio.sleep(0.1)
    return await act()
