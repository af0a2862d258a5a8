"""What the gateway publishes: who may do what, and who came and went. Never a name, an address or a password."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.access import published_access
from common.catalogue import Catalogue, Happening, Published
from common.topics import Topic

SERVICE = "gateway"
USER = Topic(SERVICE, "user")
NOTE = Topic(SERVICE, "note")


@dataclass(frozen=True, slots=True)
class GrantState:
    """A role in some departments; null where it holds in all."""

    role: str
    departments: Sequence[UUID] | None


@dataclass(frozen=True, slots=True)
class UserState:
    """A user as others may know one."""

    id: UUID
    active: bool
    wished_role: str | None
    grants: Sequence[GrantState]
    auth_version: int
    staff_member_id: UUID | None
    created_at: datetime
    changed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class EndedSessions:
    session_ids: Sequence[UUID]


class UserEvent(Happening):
    SIGNED_UP = "signed_up", "Somebody signed up, without any rights unless they were the first admin."
    GRANTED = "granted", "What the user may do is another thing."
    CHANGED = "changed", "The user may sign in again, or no more, which ended these sessions.", EndedSessions
    PASSWORD_CHANGED = "password_changed", "The user's other sessions were ended by it.", EndedSessions
    SESSIONS_ENDED = "sessions_ended", "Sessions were ended from elsewhere.", EndedSessions


class SessionAccess(Happening):
    SIGNED_IN = "signed_in", "A session has begun."
    SIGN_IN_REFUSED = "sign_in_refused", "Name or password were not right, or the user is not active."
    SIGNED_OUT = "signed_out", "The user ended the session."


class PersonAccess(Happening):
    PERSON_READ = "person_read", "A user or the user's sessions were read by somebody else."
    SEARCH = "search", "Users were listed; `subjects` were found."


@dataclass(frozen=True, slots=True)
class NoteState:
    """A note to the audit log, without its words. It never changes."""

    id: UUID
    entity_type: str
    entity_id: UUID
    patient_id: UUID | None
    """Where it is about a patient."""
    recorded_by: UUID
    changed_at: datetime
    version: int = 1


class NoteEvent(Happening):
    RECORDED = "recorded", "Somebody added words about a thing; they are kept by the gateway under this id."


class NoteAccess(Happening):
    NOTE_READ = "note_read", "The words of a note were read; `subjects` are what it is about and the note."


CATALOGUE = Catalogue(
    Published.of(USER, UserState, UserEvent),
    Published.of(NOTE, NoteState, NoteEvent),
    published_access(SERVICE, *SessionAccess, *PersonAccess, *NoteAccess),
)
happened = CATALOGUE.happened
