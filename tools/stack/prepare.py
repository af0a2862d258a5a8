"""What must be there before the services start: databases with their tables. Topics they create themselves."""

import asyncio
import secrets
from collections.abc import Mapping

from common.migrations import upgrade
from tools.stack.programs import PROGRAMS
from tools.stack.provision import Login, migrator_url, provision


def prepare_databases(admin_url: str, urls: Mapping[str, str]) -> None:
    """Provision and migrate the databases of these addresses, which are given by their environment variables."""
    password = secrets.token_urlsafe(24)  # of this run only: nothing but a migration signs in as the migrator
    asyncio.run(provision(admin_url, map(Login.of, urls.values()), migrator_password=password))
    for program in PROGRAMS:
        if urls.keys() & program.logins.keys():
            upgrade(program.name, migrator_url(admin_url, password, program.name))
