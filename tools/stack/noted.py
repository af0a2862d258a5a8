"""What a running stack notes for whoever looks for it on this machine: the addresses of its parts, by variable."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".stack"
"""That of `make run`."""
ADDRESSES = "addresses.json"
"""Among the secrets, since the addresses of databases have passwords in them."""


def noted(folder: Path = FOLDER) -> Mapping[str, str]:
    """Empty where no stack runs."""
    file = folder / "secrets" / ADDRESSES
    addresses: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return addresses


def noted_secret(name: str) -> str | None:
    """A secret of that stack, but only where GATEWAY_URL does not name another installation."""
    kept = FOLDER / "secrets" / name
    return kept.read_text() if "GATEWAY_URL" not in os.environ and kept.exists() else None
