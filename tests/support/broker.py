"""What is done to a broker that may break."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from common.embedded import Kafka


@contextmanager
def freezing(kafka: Kafka) -> Iterator[None]:
    """It keeps its connections and answers nothing."""
    os.kill(kafka.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(kafka.pid, signal.SIGCONT)
