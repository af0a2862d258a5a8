"""Who may do what, copied from the contract (§2, *Routes*), not from the code. A route without a row fails a test.

`who` is written in the contract's words: roles, alternatives after a semicolon, `dept` for "in own departments only".
`{…}` in a path or a body stands for something of the department that is tried, own or other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

CLINICAL = ("nurse", "charge_nurse", "physician", "bed_manager", "unit_manager")
ROLES = (
    *CLINICAL,
    *("housekeeping", "staffing_coordinator", "credentialing_officer", "staff", "agency"),
    *("auditor", "admin", "integration"),
)
OF_A_DEPARTMENT = (
    *("department_id", "room_id", "bed_id", "hold_id", "admission_id", "patient_id", "job_id"),
    *("transfer_id", "outgoing_id", "reserved_bed_id", "reservation_id"),
)
NO_ROLE = "no role"
ANONYMOUS = "anonymous"


class Reach(StrEnum):
    """Where a caller may do it."""

    ANYWHERE = "anywhere"
    OWN = "own"
    NOWHERE = "nowhere"


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    who: str
    body: Mapping[str, Any] | None = None
    refusal: int = field(default=403, kw_only=True)
    """What those get who may not; 404 where not even its being there is theirs to know."""
    ends_session: bool = field(default=False, kw_only=True)

    @property
    def route(self) -> tuple[str, str]:
        path = self.path.partition("?")[0].replace("/entries/0", "/entries/{index}")
        of_kind = path.replace("{outgoing_id}", "{transfer_id}").replace("{reserved_bed_id}", "{bed_id}")
        return self.method, of_kind

    @property
    def has_department(self) -> bool:
        """Whether it makes a difference in which department it is tried."""
        return any(f"{{{name}}}" in f"{self.path} {self.body}" for name in OF_A_DEPARTMENT)

    def reach(self, role: str) -> Reach:
        """How far this caller reaches, by the words of `who`."""
        if self.who == "anyone":
            return Reach.ANYWHERE
        if self.who == "any signed-in user":
            return Reach.NOWHERE if role == ANONYMOUS else Reach.ANYWHERE
        reach = Reach.NOWHERE
        for words in self.who.split(";"):
            roles = words.replace("clinical", ", ".join(CLINICAL)).strip()
            if role in [name.strip() for name in roles.removesuffix(" dept").split(",")]:
                if not roles.endswith(" dept"):
                    return Reach.ANYWHERE
                reach = Reach.OWN
        return reach


_PLACES = "clinical, housekeeping, staffing_coordinator, auditor"
_HOLD = "bed_manager; charge_nurse dept"
_BLOCK = "bed_manager; charge_nurse, unit_manager dept"
_PRESENCE = "nurse, charge_nurse dept; bed_manager; integration"
_TRANSFER = "nurse, charge_nurse, physician dept; bed_manager"
_DECIDE_TRANSFER = "charge_nurse, unit_manager dept; bed_manager"
_FIGURES = "clinical, staffing_coordinator, auditor"
_CLEAN = "housekeeping; nurse, charge_nurse dept"
_KEEP = "nurse, charge_nurse, bed_manager, integration"
_REQUEST = "charge_nurse, nurse dept; bed_manager; integration"
_READ = "clinical dept; bed_manager"
_PLAN = "physician, charge_nurse dept"
_SELF = "any signed-in user"

_RESERVATION = {"admission_id": "{admission_id}", "starts_at": "{later}", "ends_at": "{still_later}"}
_REASON = {"reason_code": "test"}
_BED = "/v1/beds/{bed_id}"
_PLACEMENT = "/v1/placements/{admission_id}"
_JOB = "/v1/cleaning_jobs/{job_id}"
_ADMISSION = "/v1/admissions/{admission_id}"
_WANT = {"department_id": "{department_id}"}

IDENTITY = [
    Row("POST", "/v1/users", "anyone", {"username": "taken", "password": "a password for tests"}),
    Row("POST", "/v1/sessions", "anyone", {"username": "taken", "password": "a password for tests"}),
    Row("GET", "/v1/me", _SELF),
    Row("PUT", "/v1/me/password", _SELF, {"current_password": "wrong", "new_password": "another password"}),
    Row("GET", "/v1/sessions", _SELF),
    Row("GET", "/v1/sessions?user_id={user_id}", "admin"),
    Row("DELETE", "/v1/sessions/current", _SELF, ends_session=True),
    Row("DELETE", "/v1/sessions/{session_id}", "admin", refusal=404),  # of another user
    Row("GET", "/v1/users", "admin"),
    Row("GET", "/v1/users/{user_id}", "admin"),
    Row("PUT", "/v1/users/{user_id}/grants", "admin", {"grants": []}),
    Row("PATCH", "/v1/users/{user_id}", "admin", {"active": True}),
    Row("GET", "/v1/openapi.json", "anyone"),
]

BEDS = [
    Row("GET", "/v1/departments", _PLACES),
    Row("GET", "/v1/departments/{department_id}", _PLACES),
    Row("GET", "/v1/rooms?department_id={department_id}", _PLACES),
    Row("GET", "/v1/rooms/{room_id}", _PLACES),
    Row("GET", "/v1/beds?department_id={department_id}", _PLACES),
    Row("GET", _BED, _PLACES),
    Row("POST", "/v1/departments", "admin", {"code": "TAKEN", "name": "Taken"}),
    Row("PATCH", "/v1/departments/{department_id}", "admin", {"name": "Renamed"}),
    Row("DELETE", "/v1/departments/{department_id}", "admin"),
    Row("POST", "/v1/rooms", "admin", {"department_id": "{department_id}", "code": "R1"}),
    Row("PATCH", "/v1/rooms/{room_id}", "admin", {"code": "R1"}),
    Row("DELETE", "/v1/rooms/{room_id}", "admin"),
    Row("POST", "/v1/beds", "admin", {"department_id": "{department_id}", "code": "B1"}),
    Row("PATCH", _BED, "admin", {"code": "B1"}),
    Row("DELETE", _BED, "admin"),
    Row("GET", "/v1/departments/{department_id}/board", "clinical dept; bed_manager, housekeeping"),
    Row("POST", f"{_BED}/holds", _HOLD, {"admission_id": "{admission_id}"}),
    Row("DELETE", f"{_BED}/holds/{{hold_id}}", _HOLD),
    # ours: the domain names reservations and leaves the routes to us; who, as for holds
    Row("POST", f"{_BED}/reservations", _HOLD, _RESERVATION),
    Row("DELETE", "/v1/beds/{reserved_bed_id}/reservations/{reservation_id}", _HOLD),
    Row("GET", "/v1/reservations?department_id={department_id}", "clinical"),
    Row("GET", "/v1/reservations/{reservation_id}", "clinical"),
    Row("POST", f"{_BED}/block", _BLOCK, _REASON),
    Row("POST", f"{_BED}/unblock", _BLOCK),
    Row("POST", f"{_BED}/close", "admin"),
    Row("POST", f"{_BED}/open", "admin"),
    Row("POST", f"{_BED}/ready_override", _BLOCK, _REASON),
    Row("GET", "/v1/beds/suggestions?admission_id={admission_id}", _HOLD),
    Row("GET", "/v1/placements?department_id={department_id}", "clinical"),
    Row("GET", _PLACEMENT, "clinical"),
    Row("GET", f"{_PLACEMENT}/movements", "clinical"),
    Row("POST", f"{_PLACEMENT}/arrival", _PRESENCE, {"bed_id": "{bed_id}"}),
    Row("POST", f"{_PLACEMENT}/departure", _PRESENCE, {"reason_code": "other"}),
    # ours: the contract leaves offers to us
    Row("GET", "/v1/offers?department_id={department_id}", "clinical"),
    Row("POST", f"{_PLACEMENT}/offer/accept", _HOLD),
    Row("POST", f"{_PLACEMENT}/offer/decline", _HOLD, _REASON),
    Row("GET", "/v1/departure_reasons", "clinical, integration"),  # ours: who records departures
    Row("POST", f"{_PLACEMENT}/moves", _HOLD, {"bed_id": "{bed_id}"}),
    Row("POST", "/v1/placements/swaps", _HOLD, {"a": "{admission_id}", "b": "{admission_id}"}),
    # ours: for the receiving department's list
    Row("GET", "/v1/transfers?department_id={department_id}", "clinical"),
    Row("GET", "/v1/transfers/{transfer_id}", "clinical"),
    Row("POST", f"{_PLACEMENT}/transfers", _TRANSFER, _WANT),
    Row("POST", "/v1/transfers/{transfer_id}/accept", _DECIDE_TRANSFER, {"bed_id": "{bed_id}"}),
    Row("POST", "/v1/transfers/{transfer_id}/decline", _DECIDE_TRANSFER, _REASON),
    Row("POST", "/v1/transfers/{outgoing_id}/cancel", _TRANSFER, _REASON),
    Row("POST", f"{_PLACEMENT}/leave", "nurse, charge_nurse dept"),
    Row("POST", f"{_PLACEMENT}/return", "nurse, charge_nurse dept"),
    Row("POST", f"{_PLACEMENT}/reversals", _BLOCK, _REASON | {"of": "move"}),
    Row("GET", "/v1/cleaning_jobs?department_id={department_id}", _CLEAN),
    Row("GET", _JOB, _CLEAN),
    Row("POST", "/v1/cleaning_jobs", _CLEAN, {"bed_id": "{bed_id}", "type": "spill", "priority": "stat"}),
    Row("POST", f"{_JOB}/accept", _CLEAN),
    Row("POST", f"{_JOB}/start", _CLEAN),
    Row("POST", f"{_JOB}/suspend", _CLEAN),
    Row("POST", f"{_JOB}/resume", _CLEAN),
    Row("POST", f"{_JOB}/complete", _CLEAN),
    Row("POST", f"{_JOB}/inspect", _CLEAN, {"passed": True}),
    # ours: the contract leaves reports to us. Rows about a patient are for clinical staff, figures also for planning
    Row("GET", "/v1/reports/movements?department_id={department_id}", "clinical"),
    Row("GET", "/v1/reports/lengths_of_stay?department_id={department_id}", "clinical"),
    Row("GET", "/v1/reports/lengths_of_stay/by_department", _FIGURES),
    Row("GET", "/v1/reports/occupancy", _FIGURES),
    Row("GET", "/v1/reports/queue?department_id={department_id}", "clinical"),
    Row("GET", "/v1/reports/queue/by_department", _FIGURES),
    Row("GET", "/v1/reports/arrivals_expected?department_id={department_id}", "clinical"),
    Row("GET", "/v1/reports/turnarounds", _FIGURES),
    Row("GET", "/v1/reports/turnarounds/by_department", _FIGURES),
]

ADMISSIONS = [
    Row("POST", "/v1/patients", _KEEP, {"unidentified": True}),
    Row("PATCH", "/v1/patients/{patient_id}", _KEEP, {"privacy": False}),
    # ours: the contract names the event `patient erased` and leaves the route to us (ADR 0008)
    Row("POST", "/v1/patients/{patient_id}/erasure", "admin", _REASON | {"patient_id": "{patient_id}"}),
    Row("POST", "/v1/patients/search", "clinical, integration", {"mrn": "nobody's"}),
    Row("GET", "/v1/patients/{patient_id}", "clinical, integration"),
    # ours: what a correction keeps, for those who correct and who merge
    Row("GET", "/v1/patients/{patient_id}/history", "nurse, charge_nurse, bed_manager, unit_manager"),
    Row("POST", "/v1/patients/names", "clinical", {"ids": ["{patient_id}"]}),
    Row("POST", "/v1/patients/{patient_id}/merge", "unit_manager, admin", {"into": "{patient_id}"}),
    Row("POST", "/v1/patients/{patient_id}/merge/undo", "unit_manager, admin"),
    Row("POST", "/v1/admissions", _REQUEST, _WANT | {"patient_id": "{patient_id}"}),
    Row("GET", "/v1/admissions", "clinical"),  # within scope: see the tests
    Row("GET", "/v1/admissions?department_id={department_id}", _READ),
    Row("GET", _ADMISSION, _READ),
    Row("PUT", f"{_ADMISSION}/bed_request", _REQUEST, _WANT),
    Row("POST", f"{_ADMISSION}/cancel", _REQUEST, _REASON),
    Row("POST", f"{_ADMISSION}/no_show", _REQUEST, _REASON),
    Row("PUT", f"{_ADMISSION}/discharge_plan", _PLAN, {"milestones": []}),
    Row("POST", f"{_ADMISSION}/discharge_confirmation", _PLAN, {"disposition": "home"}),
    Row("POST", f"{_ADMISSION}/reopen", _BLOCK, _REASON),
    # ours: domain names the state and leaves the route to us; who, as for reversals
    Row("POST", f"{_ADMISSION}/entered_in_error", _BLOCK, _REASON),
    Row("GET", f"{_ADMISSION}/history", "clinical dept"),
]

AUDIT = [
    Row("GET", "/v1/audit/entries", "auditor, admin"),
    Row("GET", "/v1/audit/entries/0", "auditor, admin"),
    Row("POST", "/v1/audit/notes", _SELF, {"entity_type": "bed", "entity_id": "{bed_id}", "text": "a word"}),
    Row("GET", "/v1/audit/notes/{note_id}", "auditor, admin"),
]

MATRIX = [*IDENTITY, *BEDS, *ADMISSIONS, *AUDIT]
