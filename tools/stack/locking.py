"""One stack per folder."""

import fcntl
import os
from pathlib import Path
from typing import Self

from tools.stack.refusals import AlreadyRunning


class Claim:
    """Holds a folder while a stack runs from it; the kernel gives it back however the process ends."""

    def __init__(self, folder: Path) -> None:
        """Raises AlreadyRunning."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / "lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise AlreadyRunning(
                f"A stack already runs from {folder} (process {holder}); stop it first."
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Give the folder back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
