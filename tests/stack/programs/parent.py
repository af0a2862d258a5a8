"""A parent that starts a child, says its process id and waits to be killed."""

import signal
import sys
from pathlib import Path

from common.embedded import Process

folder = Path(sys.argv[1])
child = Process("child", log=folder / "child.log", pid_file=folder / "child.pid")
child.launch(["/bin/sleep", "60"])
print(child.pid, flush=True)
signal.pause()
