"""Signing up, granting, activating, passwords."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.auth import Grant
from common.command import command
from common.db import UnitOfWork
from common.idempotency import Outcome
from common.ids import new_id
from gateway.events import EndedSessions, UserEvent, happened
from gateway.identity import records
from gateway.identity.domain import EndReason, User, WrongPassword, is_admin


@dataclass(frozen=True, slots=True)
class NewUser:
    """Who wants to sign up; names are normalised, the password is hashed."""

    username: str
    email: str | None
    password_hash: str
    wished_role: str | None = None
    grants: Sequence[Grant] = ()


@command
async def sign_up(act: UnitOfWork, new: NewUser) -> Outcome:
    """Raises `UsernameTaken`, `EmailTaken`."""
    at = await act.moment()
    user = User.new(new_id(), new.wished_role, at)
    await records.add_user(act, user, username=new.username, email=new.email, password_hash=new.password_hash)
    if new.grants:
        await records.replace_grants(act, user.id, new.grants, by=None, at=at)
    act.publish(happened(UserEvent.SIGNED_UP, user.id, user.published(new.grants), None))
    return Outcome(201, user.id)


@command
async def set_grants(act: UnitOfWork, user_id: UUID, grants: Sequence[Grant], by: UUID) -> Outcome:
    """Replaces what the user was granted. Raises `LastAdmin`."""
    await records.lock_admins(act)
    user, held = await records.lock_user(act, user_id)
    act.demand.expect(user.tag)
    if set(held) == set(grants):
        return Outcome(200, user_id)
    if user.active and is_admin(held) and not is_admin(grants):
        await records.keep_an_admin(act, user_id)
    after = user.with_other_rights(await act.moment(user.changed_at))
    await records.replace_grants(act, user_id, grants, by=by, at=after.changed_at)
    await _save(act, user, after, UserEvent.GRANTED, held, grants)
    return Outcome(200, user_id)


@command
async def set_active(act: UnitOfWork, user_id: UUID, active: bool) -> Outcome:
    """Deactivating ends every session. Raises `LastAdmin`."""
    await records.lock_admins(act)
    user, held = await records.lock_user(act, user_id)
    act.demand.expect(user.tag)
    if user.active == active:
        return Outcome(200, user_id)
    if not active and is_admin(held):
        await records.keep_an_admin(act, user_id)
    after = user.with_other_rights(await act.moment(user.changed_at), active=active)
    ended: list[UUID] = []
    if not active:
        ended = await records.end_sessions(act, user_id, reason=EndReason.DEACTIVATED, at=after.changed_at)
    await _save(act, user, after, UserEvent.CHANGED, held, facts=EndedSessions(ended))
    return Outcome(200, user_id)


@command
async def change_password(
    act: UnitOfWork, user_id: UUID, known_hash: str, new_hash: str, session_id: UUID
) -> Outcome:
    """Ends the user's other sessions. Raises `WrongPassword` when `known_hash` is no longer theirs."""
    user, held = await records.lock_user(act, user_id)
    if not await records.set_password(act, user_id, known_hash, new_hash):
        raise WrongPassword
    after = user.changed(await act.moment(user.changed_at))
    ended = await records.end_sessions(
        act, user_id, reason=EndReason.PASSWORD_CHANGED, at=after.changed_at, spared=session_id
    )
    await _save(act, user, after, UserEvent.PASSWORD_CHANGED, held, facts=EndedSessions(ended))
    return Outcome(200, user_id)


@command
async def end_session(act: UnitOfWork, user_id: UUID, session_id: UUID) -> Outcome:
    """Ends a session of this user from elsewhere: a lost device, or an admin's decision."""
    user, held = await records.lock_user(act, user_id)
    after = user.changed(await act.moment(user.changed_at))
    if await records.end_session(act, user_id, session_id, reason=EndReason.ENDED, at=after.changed_at):
        await _save(act, user, after, UserEvent.SESSIONS_ENDED, held, facts=EndedSessions([session_id]))
    return Outcome(204, session_id)


async def _save(
    act: UnitOfWork,
    before: User,
    after: User,
    what: UserEvent,
    held: Sequence[Grant],
    grants: Sequence[Grant] | None = None,
    facts: EndedSessions | None = None,
) -> None:
    await records.users.save(act, after)
    state, was = after.published(held if grants is None else grants), before.published(held)
    act.publish(happened(what, after.id, state, was, facts))
