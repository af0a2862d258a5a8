"""What must be there before the services start: databases with their tables, and topics."""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec

from common.migrations import upgrade
from common.topics import Topic, create_topics
from tools.stack.programs import PROGRAMS, Program
from tools.stack.provision import Login, migrator_url, provision


def prepare_databases(admin_url: str, urls: Mapping[str, str]) -> None:
    """Provision and migrate the databases of these addresses, which are given by their environment variables."""
    password = secrets.token_urlsafe(24)  # of this run only: nothing but a migration signs in as the migrator
    asyncio.run(provision(admin_url, map(Login.of, urls.values()), migrator_password=password))
    for program in PROGRAMS:
        if urls.keys() & program.logins.keys():
            upgrade(program.name, migrator_url(admin_url, password, program.name))


def prepare_topics(bootstrap: str, *, partitions: int, replication: int) -> None:
    """Create the topics of all services."""
    topics = [topic for program in PROGRAMS for topic in _topics_of(program)]
    asyncio.run(create_topics(bootstrap, topics, partitions=partitions, replication=replication))


def _topics_of(program: Program) -> Iterator[Topic]:
    events = f"{program.name}.events"
    if find_spec(events):
        yield from import_module(events).TOPICS
