"""`wardline run`: the whole hospital on this machine, with people in it, until Ctrl-C."""

import asyncio
import os
import shutil
import signal
import time

from aiohttp import ClientError
from rich.console import Console

from common.embedded import ProcessFailed
from common.embedded.placing import remove
from gateway.identity.first_admin import create_admin
from tools.seed.client import Refused
from tools.seed.hospital import Size
from tools.seed.loading import load
from tools.seed.showing import sign_ins, summary
from tools.stack.infrastructure import POSTGRES
from tools.stack.locking import Claim
from tools.stack.noted import FOLDER
from tools.stack.refusals import CannotRun
from tools.stack.stack import Stack
from tools.stack.steps import Steps

_ADMIN = "admin"
_WELCOME = """
[bold]Wardline is ready at [link={url}]{url}[/link][/bold]

  try       {url}/docs  every route, to try by hand
            README.md, "A tour in five minutes"
  look      {logs}  a log per process
  stop      Ctrl-C, or kill {pid}; data and passwords are kept, `make clean` removes them

  sign in   {admin} / {password}
            the people below, each with the password {demo}
"""


def run(port: int, console: Console, size: Size) -> None:
    """Start the stack with its gateway at this port and a demo hospital of this size; watch it until SIGINT or SIGTERM.

    Raises CannotRun after stopping everything.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    steps = Steps(console)
    stack = Stack(FOLDER, gateway_port=port, step=steps)
    try:
        stack.start()
        _create_first_admin(stack)
        _load_demo(stack, steps, console, size)
        console.print(_welcome(stack), highlight=False, soft_wrap=True)
        console.print(sign_ins(), "", sep="\n")
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


def _load_demo(stack: Stack, steps: Steps, console: Console, size: Size) -> None:
    """A hospital that runs is worth more than its demo: what cannot be loaded is said, and that is all."""
    admin, demo = stack.secrets.password(_ADMIN), stack.secrets.password("demo")
    try:
        report = asyncio.run(load(stack.gateway_url, admin, demo, steps, size))
    except (Refused, ClientError, TimeoutError) as failure:
        console.print(f"The demo hospital could not be loaded: {failure}", style="yellow", soft_wrap=True)
    else:
        console.print(f"  {summary(report)}", style="dim", highlight=False, soft_wrap=True)


def _welcome(stack: Stack) -> str:
    return _WELCOME.format(
        url=stack.gateway_url,
        admin=_ADMIN,
        password=stack.secrets.password(_ADMIN),
        demo=stack.secrets.password("demo"),
        logs=stack.logs,
        pid=os.getpid(),
    )


def _watch(stack: Stack) -> None:
    while (death := stack.first_death()) is None:
        time.sleep(0.3)
    raise ProcessFailed(f"{death}\nAll the rest was stopped, and nothing is lost: make run starts it again.")
