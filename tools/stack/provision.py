"""Databases and roles: every service reaches its own database only, and changes no table's shape.

For a database `beds` there are `beds_owner`, which owns everything in it and cannot log in, and the login roles of
the service, which may connect; what they may do to a table is granted by the migration that creates it. `migrator` may
become any owner and nothing else. All of it can be repeated.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import asyncpg
from sqlalchemy import URL, make_url

MIGRATOR = "migrator"
_LOCK = 7_204_114  # any number, the same for all who provision one server


@dataclass(frozen=True, slots=True)
class Login:
    """A role that may connect to one database."""

    role: str
    password: str
    database: str

    @classmethod
    def of(cls, url: str) -> "Login":
        """The login that a database address speaks of. Raises ValueError when a part is missing."""
        parts = make_url(url)
        if not (parts.username and parts.password and parts.database):
            raise ValueError("a database address needs a user, a password and a database")
        return cls(parts.username, str(parts.password), parts.database)


def migrator_url(admin_url: str, password: str, database: str) -> str:
    """The address at which `migrator` finds a database of this server."""
    return _render(make_url(admin_url).set(username=MIGRATOR, password=password, database=database))


async def provision(admin_url: str, logins: Iterable[Login], *, migrator_password: str) -> None:
    """Create what is missing, set every password anew. `admin_url` is a superuser's."""
    databases: dict[str, list[Login]] = defaultdict(list)
    for login in logins:
        databases[login.database].append(login)
    server = await asyncpg.connect(admin_url)
    try:
        await server.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await _login_role(server, MIGRATOR, migrator_password)
        for database, its_logins in databases.items():
            await _database(server, database, its_logins)
        for shared in ("postgres", "template1"):
            await server.execute(f"REVOKE CONNECT ON DATABASE {shared} FROM PUBLIC")
    finally:
        await server.close()
    for database in databases:
        await _contents(_render(make_url(admin_url).set(database=database)), database)


async def _database(server: asyncpg.Connection, database: str, logins: list[Login]) -> None:
    owner = f"{database}_owner"
    if not await server.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", owner):
        await server.execute(f"CREATE ROLE {owner} NOLOGIN")
    await server.execute(f"GRANT {owner} TO {MIGRATOR} WITH INHERIT FALSE, SET TRUE")
    if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
        await server.execute(f"CREATE DATABASE {database} OWNER {owner}")
    await server.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    for login in logins:
        await _login_role(server, login.role, login.password)
    roles = ", ".join([MIGRATOR, *(login.role for login in logins)])
    await server.execute(f"GRANT CONNECT ON DATABASE {database} TO {roles}")


async def _contents(url: str, database: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        await connection.execute(f"ALTER SCHEMA public OWNER TO {database}_owner")
    finally:
        await connection.close()


async def _login_role(server: asyncpg.Connection, role: str, password: str) -> None:
    if not await server.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await server.execute(f"CREATE ROLE {role}")
    command = "SELECT format('ALTER ROLE %I LOGIN NOINHERIT NOSUPERUSER PASSWORD %L', $1::text, $2::text)"
    await server.execute(await server.fetchval(command, role, password))


def _render(url: URL) -> str:
    return url.render_as_string(hide_password=False)
