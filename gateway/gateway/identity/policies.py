"""Who may do what with other people's users and sessions; one's own need no right."""

from collections.abc import Mapping

from common.policies import Policies, Scope
from gateway.identity.domain import Role

_ADMIN: Mapping[str, Scope] = {Role.ADMIN: Scope.ANY}

POLICIES = Policies(
    {
        "users.read": _ADMIN,
        "users.grant": _ADMIN,
        "users.change": _ADMIN,
        "sessions.read": _ADMIN,
        "sessions.end": _ADMIN,
    }
)
