"""One of our programs as a child process."""

import sys
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from common.embedded import Process
from tools.stack.programs import Program


class Service(Process):
    """A program that answers HTTP on a loopback port; `name` tells its replicas apart.

    It is asked for its environment at every start.
    """

    def __init__(
        self,
        program: Program,
        name: str,
        *,
        port: int,
        log: Path,
        pid_file: Path,
        environment: Callable[[], Mapping[str, str]],
    ) -> None:
        super().__init__(name, log=log, pid_file=pid_file, stop_seconds=program.stop_seconds)
        self.program = program
        self.port = port
        self._environment = environment

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it says that it is ready. Raises ProcessFailed."""
        self.begin()
        self.wait_ready()

    def begin(self, extra: Mapping[str, str] | None = None) -> None:
        """Start, with `extra` in its environment this once, and do not wait."""
        self.launch([sys.executable, "-m", self.program.module], env={**self._environment(), **(extra or {})})

    def wait_ready(self) -> None:
        """Wait until it says that it is ready. Raises ProcessFailed."""
        self.wait_until(self._ready, seconds=60)

    def _ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
