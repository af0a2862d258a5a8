"""Both services at rest, each on a database like its own."""

from pathlib import Path

import pytest

from common.embedded import Postgres
from tests.support.databases import migrated


@pytest.fixture(scope="session")
def two_databases(postgres: Postgres, scratch: Path) -> Postgres:
    """The server, with the tables of beds and of admissions."""
    for service in ("beds", "admissions"):
        migrated(postgres, service)
    return postgres
