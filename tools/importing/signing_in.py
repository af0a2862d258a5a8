"""Whose rights an import uses. Passwords come from the environment or are asked for, never from the command line."""

import os
import sys

import typer

from tools.importing.hospital import Login
from tools.saying import fail
from tools.stack.noted import noted_secret

_BED_MANAGER = "bed_manager"


def logins() -> tuple[Login, Login | None]:
    """The admin, and who may read wards if that is somebody else.

    Of the stack that runs here both are known, but only where GATEWAY_URL does not name another one.
    """
    name = os.environ.get("WARDLINE_ADMIN_USERNAME", "admin")
    admin = Login(name, _password("WARDLINE_ADMIN_PASSWORD", name, "admin-password"))
    if reader := os.environ.get("WARDLINE_READER_USERNAME"):
        return admin, Login(reader, _password("WARDLINE_READER_PASSWORD", reader, None))
    demo = noted_secret("demo-password")
    return admin, Login(_BED_MANAGER, demo) if demo else None


def _password(variable: str, username: str, file: str | None) -> str:
    if known := os.environ.get(variable) or (file and noted_secret(file)):
        return known
    if not sys.stdin.isatty():
        fail(f"Set {variable} in the environment.", code=2)
    asked: str = typer.prompt(f"Password of {username}", hide_input=True, err=True)
    return asked
