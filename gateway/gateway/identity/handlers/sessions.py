"""Coming and going."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from common import failpoints
from common.access import Access, note_access, record_access
from common.command import command
from common.context import act_as
from common.db import Database, UnitOfWork
from common.idempotency import Outcome
from common.ids import new_id
from gateway.events import SERVICE, SessionAccess
from gateway.identity import queries, records
from gateway.identity.domain import EndReason, IdleTimes, SignInRefused
from gateway.identity.passwords import Passwords
from gateway.identity.tokens import digest_of, new_token

_SIGN_IN = failpoints.around_commit("sign_in")


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a session may be idle, how long it lasts however busy it is, and where it is used."""

    idle: IdleTimes
    whole: timedelta
    device: str | None
    known_device: bool = False
    """It has signed in to this account before."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has just begun. Only its holder ever knows the token."""

    user_id: UUID
    session_id: UUID
    token: str
    expires_at: datetime
    idle: timedelta


async def sign_in(database: Database, passwords: Passwords, name: str, password: str, terms: Terms) -> Opened:
    """A new session. Raises `SignInRefused`, in the same time and words whatever the reason."""
    known = await database.read.first(queries.BY_NAME, name=name)
    good, stronger = await passwords.verify(
        password, known["password_hash"] if known else None, known_device=terms.known_device
    )
    try:
        if known is None or not good:
            raise SignInRefused
        return await _open_session(database, known["id"], known["password_hash"], stronger, terms)
    except SignInRefused:
        subjects = [known["id"]] if known else []
        refused = Access(None, "sign_in", subjects, "refused")
        await record_access(database, SERVICE, SessionAccess.SIGN_IN_REFUSED, refused)
        raise


async def _open_session(
    database: Database, user_id: UUID, known_hash: str, stronger: str | None, terms: Terms
) -> Opened:
    async with database.write(around=_SIGN_IN) as act:
        user, grants = await records.lock_user(act, user_id)
        at = await act.moment()
        if not user.active or not await records.set_password(
            act, user_id, known_hash, stronger or known_hash
        ):
            raise SignInRefused
        opened = Opened(user_id, new_id(), new_token(), at + terms.whole, terms.idle.of(grants))
        await act.run(
            records.OPEN_SESSION,
            id=opened.session_id,
            user_id=user_id,
            token_sha256=digest_of(opened.token),
            created_at=at,
            last_seen_at=at,
            idle_seconds=int(opened.idle.total_seconds()),
            expires_at=opened.expires_at,
            device=terms.device,
        )
        act_as(user.actor)
        await note_access(
            act, SERVICE, SessionAccess.SIGNED_IN, Access(opened.session_id, "sign_in", [user_id])
        )
    return opened


@command
async def sign_out(act: UnitOfWork, user_id: UUID, session_id: UUID) -> Outcome:
    """Ends one's own session. Done twice it is done."""
    at = await act.moment()
    if await records.end_session(act, user_id, session_id, reason=EndReason.SIGNED_OUT, at=at):
        await note_access(act, SERVICE, SessionAccess.SIGNED_OUT, Access(session_id, "sign_out", [user_id]))
    return Outcome(204, session_id)


async def owner_of(database: Database, session_id: UUID) -> UUID | None:
    """Whose session it is or was."""
    owner: UUID | None = await database.read.value(records.OWNER, of_session=session_id)
    return owner
