"""`wardline run`: the whole hospital on this machine, with people in it, until Ctrl-C."""

import asyncio
import os
import shutil
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from common.embedded import Process, ProcessFailed
from common.embedded.placing import remove
from gateway.identity.first_admin import create_admin
from tools.stack.infrastructure import POSTGRES
from tools.stack.locking import Claim
from tools.stack.refusals import CannotRun
from tools.stack.stack import Stack
from tools.stack.steps import Steps

FOLDER = Path(__file__).parents[2] / ".stack"
_ADMIN = "admin"
_WELCOME = """
[bold]Wardline is ready at [link={url}]{url}[/link][/bold]

  sign in   {admin} / {password}
            the demo hospital's people use the password {demo}
  try       {url}/docs  every route, to try by hand
            curl {url}/v1/sessions --json '{{"username": "{admin}", "password": "{password}"}}'
  look      {logs}  a log per process
  stop      Ctrl-C; data and passwords are kept, `make clean` removes them
"""


def run(port: int, console: Console) -> None:
    """Start the stack with its gateway at this port and watch it until SIGINT or SIGTERM.

    Raises CannotRun after stopping everything.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    steps = Steps(console)
    stack = Stack(FOLDER, gateway_port=port, step=steps)
    try:
        stack.start()
        _create_first_admin(stack)
        if find_spec("tools.seed"):
            with steps("demo hospital"):
                _seed(stack)
        console.print(_welcome(stack), highlight=False, soft_wrap=True)
        _watch(stack)
    except ProcessFailed as failure:
        raise CannotRun(str(failure)) from failure
    except KeyboardInterrupt:
        console.print("Stopping.")
    finally:
        stack.stop()


def clean() -> None:
    """Remove the data of the stack. Raises AlreadyRunning while it runs."""
    if FOLDER.exists():
        with Claim(FOLDER):
            remove(FOLDER / POSTGRES)
            shutil.rmtree(FOLDER)


def _create_first_admin(stack: Stack) -> None:
    url = stack.database_url("GATEWAY_DATABASE_URL")
    asyncio.run(create_admin(url, _ADMIN, stack.secrets.password(_ADMIN)))


def _seed(stack: Stack) -> None:
    seeding = Process("demo hospital", log=stack.logs / "seed.log", pid_file=stack.folder / "pids" / "seed")
    environment = {
        **os.environ,
        "WARDLINE_URL": stack.gateway_url,
        "WARDLINE_ADMIN_PASSWORD": stack.secrets.password(_ADMIN),
        "WARDLINE_DEMO_PASSWORD": stack.secrets.password("demo"),
    }
    try:
        seeding.launch([sys.executable, "-m", "tools.seed"], env=environment)
        seeding.finish()
    finally:
        seeding.stop()


def _welcome(stack: Stack) -> str:
    return _WELCOME.format(
        url=stack.gateway_url,
        admin=_ADMIN,
        password=stack.secrets.password(_ADMIN),
        demo=stack.secrets.password("demo"),
        logs=stack.logs,
    )


def _watch(stack: Stack) -> None:
    while (death := stack.first_death()) is None:
        time.sleep(0.3)
    raise ProcessFailed(death)
