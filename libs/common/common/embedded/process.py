"""A child process with a log, a pid file and a bounded stop, which does not outlive its parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import psutil

from common.embedded import tether

# Linux ends a tethered child together with the *thread* that started it, so one lasting thread starts them all.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts-processes")


class Owner(NamedTuple):
    """The user that a process runs as."""

    uid: int
    gid: int


class ProcessFailed(RuntimeError):
    """A process did not start or has ended. The message is a sentence for people."""


class Process:
    """One child that can be started, stopped and started again. Its output is appended to `log`."""

    def __init__(
        self,
        name: str,
        *,
        log: Path,
        pid_file: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        stop_seconds: float = 15,
        owner: Owner | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._pid_file = pid_file
        self._stop_signal = stop_signal
        self._stop_seconds = stop_seconds
        self.owner = owner
        self._child: psutil.Popen | None = None

    def launch(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start the command, after stopping what an earlier, killed parent may have left running."""
        self.stop_leftover()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._pid_file.parent.mkdir(parents=True, exist_ok=True)
        owner = f"{self.owner.uid}:{self.owner.gid}" if self.owner else "-"
        shim = [sys.executable, "-IS", tether.__file__, str(int(self._stop_signal)), owner, str(os.getpid())]
        with self.log.open("ab") as log:
            self._child = _starter.submit(
                psutil.Popen,
                [*shim, *command],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C is for the parent, which stops in order
            ).result()
        self._pid_file.write_text(f"{self._child.pid} {self._child.create_time()}")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Poll until ready. Raises ProcessFailed when the process ends first or the time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive():
                raise ProcessFailed(self.obituary())
            if time.monotonic() > deadline:
                raise ProcessFailed(
                    f"{self.name} was not ready after {seconds:.0f} s; its log is {self.log}."
                )
            time.sleep(0.05)

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._child is not None and self._child.poll() is None

    def has_died(self) -> bool:
        """Whether the process ended without being asked to."""
        return self._child is not None and self._child.poll() is not None

    @property
    def pid(self) -> int:
        """The process id of the running process. Raises ProcessFailed when it was never started."""
        if self._child is None:
            raise ProcessFailed(f"{self.name} has not been started.")
        return self._child.pid

    def finish(self) -> None:
        """Wait until the process ends by itself. Raises ProcessFailed unless it succeeded."""
        if self._child is not None and self._child.wait() != 0:
            raise ProcessFailed(self.obituary())

    def stop(self) -> None:
        """Ask the process to end; end it by force when it takes too long."""
        if self._child is None:
            return
        if self.alive():
            _end(self._child, self._stop_signal, self._stop_seconds)
        self._child = None
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the process at once (SIGKILL) and wait until its own children are gone too."""
        if self._child is not None and self.alive():
            _end(self._child, signal.SIGKILL, self._stop_seconds)

    def obituary(self) -> str:
        """One sentence: how the process ended, its last words, and where its log is."""
        code = self._child.poll() if self._child else None
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        last = next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")
        by_signal = signal.Signals(-code).name if code and code < 0 else None
        how = f"was ended by {by_signal}" if by_signal else f"ended with exit code {code}"
        words = f"; its last words were “{last}”" if last else ""
        return f"{self.name} {how}{words}; its log is {self.log}."

    def stop_leftover(self) -> None:
        """End the process that the pid file names, if it is still the same one."""
        if not self._pid_file.exists():
            return
        pid, created = self._pid_file.read_text().split()
        try:
            leftover = psutil.Process(int(pid))
            if leftover.create_time() == float(created):
                _end(leftover, self._stop_signal, self._stop_seconds)
        except psutil.NoSuchProcess:
            pass
        self._pid_file.unlink()


def _end(process: psutil.Process, stop_signal: signal.Signals, seconds: float) -> None:
    family = [process, *process.children(recursive=True)]
    process.send_signal(stop_signal)
    _, left = psutil.wait_procs(family, timeout=seconds)
    for survivor in left:
        survivor.kill()
    psutil.wait_procs(left, timeout=5)
