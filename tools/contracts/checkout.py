"""The contracts as they are committed: written, judged, released."""

import json
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from tools.contracts.compatibility import Schemas, broken
from tools.contracts.files import EVENTS, Files

RELEASED = Path("contracts/released")


def generate(root: Path, made: Files) -> None:
    """Writes every file and removes those of types that are no more."""
    for path in _left_over(root, made):
        (root / path).unlink()
    for path, text in made.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def complaints(root: Path, made: Files) -> list[str]:
    """A sentence for each file that is not as it would be generated and each promise that is not kept."""
    present = {path.stem: json.loads(text) for path, text in made.items() if path.parent == EVENTS}
    stale = [path for path, text in made.items() if not _is(root / path, text)]
    return [
        f"{path} is stale: run `make contracts` and commit." for path in (*stale, *_left_over(root, made))
    ] + list(broken(schemas(root / RELEASED), present))


def release(root: Path) -> None:
    """What is generated now is what others may rely on from now on."""
    shutil.rmtree(root / RELEASED, ignore_errors=True)
    shutil.copytree(root / EVENTS, root / RELEASED)


def schemas(folder: Path) -> Schemas:
    """By event type."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def _left_over(root: Path, made: Collection[Path]) -> Iterator[Path]:
    for path in sorted((root / EVENTS).glob("*")):
        if path.relative_to(root) not in made:
            yield path.relative_to(root)


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text
