"""What must be there before the services start: databases with their tables. Topics they create themselves."""

import asyncio
import secrets
from collections.abc import Mapping

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from common.migrations import upgrade
from tools.stack.programs import PROGRAMS
from tools.stack.provision import Login, migrator_url, provision
from tools.stack.refusals import MigrationFailed


def prepare_databases(admin_url: str, urls: Mapping[str, str]) -> None:
    """Provision and migrate the databases of these addresses, which are given by their environment variables.

    Raises MigrationFailed.
    """
    password = secrets.token_urlsafe(24)  # of this run only: nothing but a migration signs in as the migrator
    asyncio.run(provision(admin_url, map(Login.of, urls.values()), migrator_password=password))
    for program in PROGRAMS:
        if urls.keys() & program.logins.keys():
            _migrate(program.name, migrator_url(admin_url, password, program.name))


def _migrate(service: str, url: str) -> None:
    try:
        upgrade(service, url)
    except (CommandError, DBAPIError) as failure:
        why = str(failure.orig if isinstance(failure, DBAPIError) else failure).splitlines()[0]
        raise MigrationFailed(
            f"The database of {service} could not be migrated, and nothing in it was changed: {why.rstrip('.')}."
        ) from failure
