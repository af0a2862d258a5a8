"""What is done to a broker, or another process, that may break."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from common.embedded import Process


@contextmanager
def freezing(process: Process) -> Iterator[None]:
    """It keeps its connections and answers nothing."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)
