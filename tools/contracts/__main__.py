"""`generate` writes the contracts, `check` judges the committed ones, `release` makes them the promise to be kept."""

import sys
from pathlib import Path

from tools.contracts.checkout import complaints, generate, release
from tools.contracts.examples import examples
from tools.contracts.files import NoExample, files

ROOT = Path(__file__).parents[2]


def main(act: str, root: Path = ROOT) -> int:
    """0, or 1 with sentences about what is wrong."""
    try:
        made = files(examples())
    except NoExample as missing:
        return _refused([str(missing)])
    if act == "check":
        return _refused(complaints(root, made))
    generate(root, made)
    if act == "release":
        release(root)
    return 0


def _refused(sentences: list[str]) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return 1 if sentences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
