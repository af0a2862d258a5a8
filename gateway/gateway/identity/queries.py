"""What is read of users and sessions."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB

from common.paging import Listing, optional
from common.statements import Statement
from gateway.models import app_user, session

#: In the form that tokens, events and answers share: `[{"role": …, "departments": [ids] or null for all}]`.
GRANTS = sa.literal_column(
    """(SELECT coalesce(jsonb_agg(jsonb_build_object('role', role, 'departments', departments) ORDER BY role), '[]')
    FROM (SELECT role, CASE WHEN NOT bool_or(department_id IS NULL)
        THEN jsonb_agg(department_id ORDER BY department_id) END AS departments
      FROM user_grant WHERE user_grant.user_id = app_user.id GROUP BY role) AS held)""",
    JSONB,
).label("grants")

_clock = sa.func.clock_timestamp()
_idle = sa.func.make_interval(0, 0, 0, 0, 0, 0, session.c.idle_seconds, type_=sa.Interval)
idle_until = session.c.last_seen_at + _idle
live: sa.ColumnElement[bool] = sa.and_(
    session.c.ended_at.is_(None), _clock < session.c.expires_at, _clock < idle_until
)

_shown = (
    app_user.c.id,
    app_user.c.username,
    app_user.c.email,
    app_user.c.active,
    app_user.c.wished_role,
    GRANTS,
    app_user.c.staff_member_id,
    app_user.c.created_at,
    app_user.c.changed_at,
    app_user.c.version,
)
USER = Statement(sa.select(*_shown).where(app_user.c.id == sa.bindparam("of_id")))
#: By times only: a cursor must not hold a name.
USERS = Listing(
    sa.select(*_shown).where(
        optional(app_user.c.active, "active"), optional(app_user.c.wished_role, "wished_role")
    ),
    key=app_user.c.id,
    orders={"created_at": app_user.c.created_at, "changed_at": app_user.c.changed_at},
    default="created_at",
)

_name = sa.bindparam("name", type_=sa.Text)
_credentials = (app_user.c.id, app_user.c.password_hash, app_user.c.active)
BY_NAME = Statement(
    sa.select(*_credentials).where(sa.or_(app_user.c.username == _name, app_user.c.email == _name))
)
CREDENTIALS = Statement(sa.select(*_credentials).where(app_user.c.id == sa.bindparam("of_user")))

#: The session of a token, as long as it is live and its user active.
SESSION = Statement(
    sa.select(
        session.c.id,
        session.c.user_id,
        session.c.last_seen_at,
        session.c.expires_at,
        sa.func.least(session.c.expires_at, idle_until).label("live_until"),
        _clock.label("now"),
        app_user.c.auth_version,
        app_user.c.staff_member_id,
        GRANTS,
    )
    .join_from(session, app_user, app_user.c.id == session.c.user_id)
    .where(session.c.token_sha256 == sa.bindparam("digest", type_=BYTEA), live, app_user.c.active)
)
SESSIONS = Statement(
    sa.select(
        session.c.id,
        session.c.created_at,
        session.c.last_seen_at,
        session.c.expires_at,
        session.c.device,
        (session.c.id == sa.bindparam("current")).label("current"),
    )
    .where(session.c.user_id == sa.bindparam("of_user"), live)
    .order_by(session.c.created_at, session.c.id)
)
