"""What identity needs beside the database, for the life of the process."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from common.db import Database
from gateway.identity.cookies import Devices
from gateway.identity.domain import IdleTimes
from gateway.identity.passwords import Passwords
from gateway.identity.sessions import Sessions
from gateway.identity.throttle import SignInThrottle
from gateway.rates import Rate
from gateway.settings import GatewaySettings


@dataclass(frozen=True)
class Reception:
    """Whoever comes in passes here."""

    sessions: Sessions
    passwords: Passwords
    devices: Devices
    sign_ins: SignInThrottle
    sign_ups: Rate
    requests: Rate
    strangers: Rate
    idle: IdleTimes
    whole: timedelta

    @classmethod
    def opened(
        cls, settings: GatewaySettings, database: Database, ended: Callable[[UUID], None]
    ) -> "Reception":
        return cls(
            sessions=Sessions(database, ended),
            passwords=Passwords(),
            devices=Devices(settings.index_key),
            sign_ins=SignInThrottle(settings.sign_ins_refused_per_minute),
            sign_ups=Rate(settings.sign_ups_per_minute, 60),
            requests=Rate(settings.session_requests_per_second),
            strangers=Rate(settings.address_requests_per_second),
            idle=IdleTimes(
                timedelta(minutes=settings.session_idle_minutes),
                {
                    role: timedelta(minutes=minutes)
                    for role, minutes in settings.session_idle_minutes_of_roles.items()
                },
            ),
            whole=timedelta(hours=settings.session_hours),
        )


async def receiving(request: Request) -> Reception:
    reception: Reception = request.app.state.reception
    return reception


Receiving = Annotated[Reception, Depends(receiving)]
