"""Progress on the terminal: what runs now, and a line with its time for what is done."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


class Steps:
    """Called with a name it is a context manager around that step; steps may run at the same time.

    What it gives tells how far the step is.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")
        self._running: dict[str, str] = {}
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, name: str) -> Iterator[Callable[[str], None]]:
        began = time.monotonic()
        self._change(name, "")
        try:
            yield lambda how_far: self._change(name, f" {how_far}")
        except BaseException:
            self._change(name, None)
            raise
        self._change(name, None)
        self._console.print(
            f"  [green]✓[/] {name:<16} [dim]{time.monotonic() - began:6.1f} s[/]", highlight=False
        )

    def _change(self, name: str, how_far: str | None) -> None:
        """None: it is over."""
        with self._lock:
            if how_far is None:
                del self._running[name]
            else:
                self._running[name] = how_far
            self._status.update(", ".join(map("".join, self._running.items())))
            if self._running:
                self._status.start()
            else:
                self._status.stop()
