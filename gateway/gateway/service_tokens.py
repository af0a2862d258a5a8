"""The short-lived tokens by which services know for whom the gateway calls. Nobody else ever sees one."""

import time
from collections import OrderedDict
from uuid import UUID

from common.auth import LIFETIME_SECONDS, Caller, Minter

_KEPT_SECONDS = LIFETIME_SECONDS / 2
_REMEMBERED = 20_000
_Purpose = tuple[UUID, int, str, str]


class ServiceTokens:
    """One token per session, rights, service and purpose, kept for half its life."""

    def __init__(self, private_key: str) -> None:
        self._minter = Minter(private_key)
        self._kept: OrderedDict[UUID, dict[_Purpose, tuple[str, float]]] = OrderedDict()

    def token(self, caller: Caller, service: str, purpose: str) -> str:
        """Signing costs more than everything else on the way of a request, hence once in half a minute."""
        of_user = self._kept.get(caller.user_id)
        if of_user is None:
            of_user = self._kept[caller.user_id] = {}
            if len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
        now = time.monotonic()
        use = (caller.session_id, caller.auth_version, service, purpose)
        kept = of_user.get(use)
        if kept is not None and now < kept[1]:
            return kept[0]
        for stale in [other for other, (_, until) in of_user.items() if until <= now]:
            del of_user[stale]
        token = self._minter.mint(caller, service, purpose)
        of_user[use] = (token, now + _KEPT_SECONDS)
        return token

    def forget(self, user_id: UUID) -> None:
        """A session of this user has ended, or its rights have changed."""
        self._kept.pop(user_id, None)
