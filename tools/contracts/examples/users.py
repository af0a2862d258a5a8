"""A user and a note: what the gateway tells of them."""

from collections.abc import Iterator

from common.auth import Grant
from common.envelope import Fact
from gateway.events import EndedSessions, NoteEvent, NoteState, UserEvent as U, happened
from gateway.identity.domain import Role, User
from tools.contracts.examples.cast import DEPARTMENT, NOTE, PATIENT, SESSION, USER, at

_GRANTS = (Grant(Role.NURSE, frozenset({DEPARTMENT})), Grant(Role.HOUSEKEEPING))


def told() -> Iterator[Fact]:
    user = User.new(USER, Role.NURSE, at(0).at)
    granted = user.with_other_rights(at(1).at)
    inactive = granted.with_other_rights(at(9).at, active=False)
    other = granted.changed(at(8).at)
    ended = EndedSessions([SESSION])
    was = granted.published(_GRANTS)
    yield happened(U.SIGNED_UP, USER, user.published(()), None)
    yield happened(U.GRANTED, USER, was, user.published(()))
    yield happened(U.CHANGED, USER, inactive.published(_GRANTS), was, ended)
    yield happened(U.PASSWORD_CHANGED, USER, other.published(_GRANTS), was, ended)
    yield happened(U.SESSIONS_ENDED, USER, other.published(_GRANTS), was, ended)
    note = NoteState(NOTE, "patient", PATIENT, PATIENT, USER, at(6).at)
    yield happened(NoteEvent.RECORDED, NOTE, note, None)
