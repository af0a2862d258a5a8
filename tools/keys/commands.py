"""`wardline keys`."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tools.saying import address, console, fail, required

if TYPE_CHECKING:
    from tools.keys.kept import KeptKeys

app = typer.Typer(no_args_is_help=True, help="Replacing the keys of admissions, step by step.")

_URL = "ADMISSIONS_DATABASE_URL"
_EnvFile = Annotated[
    Path | None, typer.Option(help="The .env of an installation, with ADMISSIONS_DATABASE_URL set.")
]
_Stack = Annotated[
    Path | None, typer.Option(help="The folder of a stack on this machine; else that of make run.")
]
_Json = Annotated[bool, typer.Option("--json", help="For programs.")]


class Which(StrEnum):
    MASTER = "master"
    SEARCH = "search"


class Step(StrEnum):
    ADD = "add"
    PROMOTE = "promote"
    DROP = "drop"


@app.command()
def rotate(
    which: Which, step: Step, env_file: _EnvFile = None, stack: _Stack = None, as_json: _Json = False
) -> None:
    """Write the keys as this step leaves them; then restart the replicas of admissions, one after the other.

    master: add, promote, drop. search: add, drop. What is needed still is not dropped.
    """
    from tools.keys.progress import take_step
    from tools.keys.steps import STEPS

    if step not in STEPS[which]:
        fail(f"There is no step {step} for a {which} key, only {' and '.join(STEPS[which])}.", code=2)
    with _in_a_sentence():
        url, kept = _installation(env_file, stack)
        asyncio.run(take_step(url, kept, which, step))
    if as_json:
        console.out(json.dumps({"key": which, "step": step, "written": str(kept.at)}))
    else:
        console.print(
            f"Written to {kept.at}. Keep a copy in the safe place, then restart the replicas of admissions, "
            "one after the other, before the next step.",
            soft_wrap=True,
        )


@app.command()
def status(env_file: _EnvFile = None, stack: _Stack = None, as_json: _Json = False) -> None:
    """Show which keys there are by their ids, what only an older one opens or finds, and what to do next."""
    from tools.keys.progress import progress

    with _in_a_sentence():
        document = asyncio.run(progress(*_installation(env_file, stack))).document()
    if as_json:
        console.out(json.dumps(document))
    else:
        table = Table("key", "ids", "left to do", "next")
        for which, key in document.items():
            ids, after = key.pop("keys"), key.pop("next")
            writes = key.pop("writes", None)
            known = ", ".join(f"{one} (writes)" if one == writes else str(one) for one in ids)
            left = "\n".join(f"{count:,} {name.replace('_', ' ')}" for name, count in key.items())
            table.add_row(which, known, left, after)
        console.print(table)


def _installation(env_file: Path | None, stack: Path | None) -> "tuple[str, KeptKeys]":
    """Its database and its keys. Those of one place are never taken with those of another."""
    from tools.keys.kept import KeptKeys
    from tools.stack.noted import FOLDER

    if env_file:
        return required(_URL), KeptKeys(env_file)
    return address(_URL, stack), KeptKeys((stack or FOLDER) / "secrets")


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    from tools.keys.steps import CannotStep

    try:
        yield
    except CannotStep as reason:
        fail(str(reason))
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}.")
