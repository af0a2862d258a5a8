"""What is written of users and sessions. Lock order in every act: the admins' lock, then the user, then sessions."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid

from common.aggregates import Aggregates
from common.auth import Grant, decode_grants
from common.db import UnitOfWork
from common.statements import Statement, insert_into
from gateway.identity.domain import EndReason, LastAdmin, Role, User
from gateway.identity.queries import GRANTS, idle_until, live
from gateway.models import Moment, app_user, session, user_grant

_this_user = app_user.c.id == sa.bindparam("of_user")
_moment = sa.bindparam("at", type_=Moment)

users = Aggregates(User, app_user)

_ADD_USER = Statement(insert_into(app_user))
_SET_PASSWORD = Statement(
    sa.update(app_user)
    .where(_this_user, app_user.c.password_hash == sa.bindparam("known"))
    .values(password_hash=sa.bindparam("password_hash"))
)

_GRANTS = Statement(sa.select(GRANTS).where(_this_user))
_REVOKE = Statement(sa.delete(user_grant).where(user_grant.c.user_id == sa.bindparam("of_user")))
_granted = (
    sa.func.unnest(
        sa.bindparam("roles", type_=ARRAY(sa.Text)), sa.bindparam("departments", type_=ARRAY(Uuid))
    )
    .table_valued(sa.column("role", sa.Text), sa.column("department_id", Uuid))
    .render_derived(name="granted")
)
_GRANT = Statement(
    sa.insert(user_grant).from_select(
        ["user_id", "role", "department_id", "granted_by", "granted_at"],
        sa.select(
            sa.bindparam("of_user", type_=Uuid),
            _granted.c.role,
            _granted.c.department_id,
            sa.bindparam("granted_by", type_=Uuid),
            _moment,
        ),
    )
)

OPEN_SESSION = Statement(
    insert_into(
        session,
        "id",
        "user_id",
        "token_sha256",
        "created_at",
        "last_seen_at",
        "idle_seconds",
        "expires_at",
        "device",
    )
)
#: A look that comes late or twice prolongs nothing: only a session that is live now moves, and only forward.
SEEN = Statement(
    sa.update(session)
    .where(session.c.id == sa.bindparam("of_session"), live)
    .values(last_seen_at=sa.func.greatest(session.c.last_seen_at, sa.bindparam("seen_at", type_=Moment)))
)
_END = (
    sa.update(session)
    .values(ended_at=_moment, end_reason=sa.bindparam("reason", type_=sa.Text))
    .returning(session.c.id)
)
_END_ONE = Statement(
    _END.where(
        session.c.id == sa.bindparam("of_session"),
        session.c.user_id == sa.bindparam("of_user"),
        session.c.ended_at.is_(None),
    )
)
_spared = sa.bindparam("spared", type_=Uuid)
_END_ALL = Statement(
    _END.where(
        session.c.user_id == sa.bindparam("of_user"),
        session.c.ended_at.is_(None),
        sa.or_(_spared.is_(None), session.c.id != _spared),
    )
)
OWNER = Statement(sa.select(session.c.user_id).where(session.c.id == sa.bindparam("of_session")))
#: Reads compare with the clock themselves; this only writes down what has come to its end.
EXPIRE = Statement(
    sa.update(session)
    .where(session.c.ended_at.is_(None), sa.not_(live))
    .values(ended_at=sa.func.least(session.c.expires_at, idle_until), end_reason=str(EndReason.EXPIRED))
)
FORGET = Statement(
    sa.delete(session).where(session.c.ended_at < sa.func.clock_timestamp() - sa.text("interval '90 days'"))
)

_ADMINS_LOCK = Statement(sa.select(sa.func.pg_advisory_xact_lock(0xAD31).cast(sa.Text)))
_OTHER_ADMINS = Statement(
    sa.select(sa.func.count())
    .select_from(app_user)
    .where(
        app_user.c.id != sa.bindparam("of_user"),
        app_user.c.active,
        sa.exists().where(user_grant.c.user_id == app_user.c.id, user_grant.c.role == str(Role.ADMIN)),
    )
)


async def add_user(
    act: UnitOfWork, user: User, *, username: str, email: str | None, password_hash: str
) -> None:
    secret = {"username": username, "email": email, "password_hash": password_hash}
    await act.run(_ADD_USER, **{field.name: getattr(user, field.name) for field in fields(user)}, **secret)


async def lock_user(act: UnitOfWork, user_id: UUID) -> tuple[User, tuple[Grant, ...]]:
    """The user, locked until the end of the act, and what it was granted. Raises `NotFound`."""
    user = await users.lock(act, user_id)
    return user, decode_grants(await act.value(_GRANTS, of_user=user_id))


async def set_password(act: UnitOfWork, user_id: UUID, known: str, new: str) -> bool:
    """False when the password has changed since `known` was read."""
    return await act.run(_SET_PASSWORD, of_user=user_id, known=known, password_hash=new) == 1


async def replace_grants(
    act: UnitOfWork, user_id: UUID, grants: Sequence[Grant], *, by: UUID | None, at: datetime
) -> None:
    """These and no others from now on."""
    await act.run(_REVOKE, of_user=user_id)
    cells = [(grant.role, department) for grant in grants for department in grant.departments or (None,)]
    await act.run(
        _GRANT,
        of_user=user_id,
        roles=[role for role, _ in cells],
        departments=[department for _, department in cells],
        granted_by=by,
        at=at,
    )


async def end_session(
    act: UnitOfWork, user_id: UUID, session_id: UUID, *, reason: EndReason, at: datetime
) -> bool:
    """Whether it was still open."""
    ended = await act.value(_END_ONE, of_user=user_id, of_session=session_id, reason=reason, at=at)
    return ended is not None


async def end_sessions(
    act: UnitOfWork, user_id: UUID, *, reason: EndReason, at: datetime, spared: UUID | None = None
) -> list[UUID]:
    """Ends every session of the user but the spared one; answers which."""
    rows = await act.all(_END_ALL, of_user=user_id, reason=reason, at=at, spared=spared)
    return [row["id"] for row in rows]


async def lock_admins(act: UnitOfWork) -> None:
    """Two admins who demote each other do so one after the other. Taken before any user is locked."""
    await act.run(_ADMINS_LOCK)


async def keep_an_admin(act: UnitOfWork, user_id: UUID) -> None:
    """Raises `LastAdmin` when nobody else is an active admin."""
    if not await act.value(_OTHER_ADMINS, of_user=user_id):
        raise LastAdmin
