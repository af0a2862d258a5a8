"""Progress on the terminal: what runs now, and a line with its time for what is done."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Steps:
    """Called with a name it is a context manager around that step; steps may run at the same time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")
        self._running: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self._change(add=name)
        try:
            yield
        except BaseException:
            self._change(remove=name)
            raise
        self._change(remove=name)
        self._console.print(
            f"  [green]✓[/] {name:<16} [dim]{time.monotonic() - began:6.1f} s[/]", highlight=False
        )

    def _change(self, *, add: str | None = None, remove: str | None = None) -> None:
        with self._lock:
            self._running = [name for name in [*self._running, add] if name and name != remove]
            self._status.update(", ".join(self._running))
            if self._running:
                self._status.start()
            else:
                self._status.stop()
