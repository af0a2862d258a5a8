"""Looks and refusals: every service tells them in the same form."""

from collections.abc import Iterator
from typing import Any

from admissions.events import PersonAccess as P
from audit.events import LogAccess as L
from beds.events import ReportAccess as R
from common.access import Access, AccessEvent, access_fact
from common.catalogue import Happening
from common.envelope import Fact
from gateway.events import NoteAccess as N, PersonAccess as U, SessionAccess as S
from tools.contracts.examples.cast import ACCESS, NOTE, PATIENT, SESSION, USER, at


def told() -> Iterator[Fact]:
    yield _told("admissions", P.PERSON_READ, "find_patients", [PATIENT])
    yield _told("admissions", P.NAMES_READ, "read_names", [PATIENT])
    yield _told("admissions", P.SEARCH, "find_patients", [PATIENT])
    yield _told("gateway", S.SIGNED_IN, "sign_in", [USER])
    yield _told("gateway", S.SIGN_IN_REFUSED, "sign_in", [USER], "refused")
    yield _told("gateway", S.SIGNED_OUT, "sign_out", [USER])
    yield _told("gateway", U.PERSON_READ, "users.read", [USER])
    yield _told("gateway", U.SEARCH, "users.read", [USER])
    yield _told("gateway", N.NOTE_READ, "notes.read", [PATIENT, NOTE])
    yield _told("audit", L.SEARCH, "audit_entries", [PATIENT])
    yield _told("audit", L.ENTRY_READ, "audit_entry/7", [PATIENT])
    yield _told("beds", R.EXPORTED, "report/occupancy", [])
    for service in ("beds", "admissions", "gateway", "audit"):
        yield _told(service, AccessEvent.REFUSED, "read", [], "refused")


def _told(service: str, what: Happening, act: str, subjects: list[Any], outcome: str = "success") -> Fact:
    session = None if what is S.SIGN_IN_REFUSED else SESSION
    return access_fact(service, what, Access(session, act, subjects, outcome), ACCESS, at(5).at)
