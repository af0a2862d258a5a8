"""The routes of identity."""

from gateway.identity.api import me, sessions, users

ROUTERS = (sessions.router, me.router, users.router)
