"""`wardline migrate`, as the job that runs before the services start."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg

from common.embedded import Postgres
from tools.stack.programs import PROGRAMS


async def test_a_migration_that_fails_is_told_in_a_sentence(scratch: Path):
    """Somebody starts an old release on the database of a newer one."""
    server = Postgres(scratch / "migrating", password="postgres", durable=False)
    server.start()
    try:
        assert wardline_migrate(server).returncode == 0
        connection = await asyncpg.connect(server.url("beds"))
        await connection.execute("UPDATE alembic_version SET version_num = 'newer'")
        await connection.close()

        failed = wardline_migrate(server)

        assert failed.returncode == 1
        assert failed.stderr.splitlines()[-1] == (
            "The database of beds could not be migrated, and nothing in it was changed: "
            "Can't locate revision identified by 'newer'."
        )
        assert "Traceback" not in failed.stderr
    finally:
        server.stop()
        server.remove()


def wardline_migrate(server: Postgres) -> "subprocess.CompletedProcess[str]":
    logins = {
        variable: server.url(program.name, role, "a password")
        for program in PROGRAMS
        for variable, role in program.logins.items()
    }
    environment = {**os.environ, **logins, "POSTGRES_ADMIN_URL": server.url()}
    return subprocess.run(
        [str(Path(sys.executable).with_name("wardline")), "migrate"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
