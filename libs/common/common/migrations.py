"""Migrations: Alembic under the owner's role, one at a time, giving way to traffic (architecture, *Operations*)."""

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from common.retrying import retry

_ADVISORY_LOCK = 0x3A17
LOCK_TIMEOUT = "5s"


def configuration(service: str, url: str) -> Config:
    """Alembic's configuration: our environment, the versions in `migrations/` beside the service's package."""
    package = import_module(service).__file__
    assert package is not None
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("version_locations", str(Path(package).parents[1] / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes |= {
        "url": url.replace("postgresql://", "postgresql+asyncpg://", 1),
        "metadata": import_module(f"{service}.models").metadata,
        "owner": f"{service}_owner",
        "lock": _ADVISORY_LOCK,
        "lock_timeout": LOCK_TIMEOUT,
    }
    return config


@retry(on=DBAPIError, attempts=5, timeout=60)
def upgrade(service: str, url: str) -> None:
    """Brings the service's database to the newest revision. `url` is that of the migrator's login role.

    Not to be called inside a running event loop.
    """
    command.upgrade(configuration(service, url), "head")
