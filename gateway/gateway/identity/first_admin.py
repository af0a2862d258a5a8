"""The first admin, made by the operator of the machine: nobody else could grant anything."""

from common.auth import Grant
from common.context import Trail, following
from common.db import database
from common.idempotency import UNCONDITIONAL
from common.ids import new_id
from gateway.identity.domain import Role, UsernameTaken
from gateway.identity.handlers.users import NewUser, sign_up
from gateway.identity.passwords import Passwords
from gateway.identity.refusals import REFUSALS
from gateway.identity.schemas import SignUp


async def create_admin(database_url: str, username: str, password: str) -> bool:
    """False if the name is taken. Raises `ValueError` for a name or password that may not be."""
    wanted = SignUp.model_validate({"username": username, "password": password})
    password_hash = await Passwords().hash(password)
    admin = NewUser(wanted.username, None, password_hash, grants=(Grant(Role.ADMIN),))
    with following(Trail(str(new_id()), "service/gateway")):
        async with database(database_url, refusals=REFUSALS, size=2) as opened:
            try:
                await sign_up(opened, UNCONDITIONAL, admin)
            except UsernameTaken:
                return False
    return True
