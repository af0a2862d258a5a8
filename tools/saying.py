"""How the command line speaks, and where it finds the parts of an installation."""

import os
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console

console = Console()
_errors = Console(stderr=True)


def address(variable: str, stack: Path | None = None) -> str:
    """From the environment, else of the stack that runs in this folder (of none: where make run has it)."""
    if given := os.environ.get(variable):
        return given
    from tools.stack.noted import FOLDER, noted

    return noted(stack or FOLDER).get(variable) or fail(
        f"Set {variable}, or start a stack with make run.", code=2
    )


def required(variable: str) -> str:
    return os.environ.get(variable) or fail(f"Set {variable} in the environment.", code=2)


def fail(sentence: str, *, code: int = 1) -> NoReturn:
    """Ends the program with this sentence."""
    warn(sentence)
    raise typer.Exit(code)


def warn(sentence: str) -> None:
    _errors.print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)
