"""Where an installation keeps the keys of admissions, and how far they have been replaced in its database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from common.crypto import MasterKeys
from tools.keys import NotYet, dropped_key, dropped_master, new_key, new_master, promoted_master
from tools.stack.secrets import SEARCH_KEYS, Secrets

STEPS: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "master": {"add": new_master, "promote": promoted_master, "drop": dropped_master},
    "search": {"add": new_key, "drop": dropped_key},
}
_VARIABLES = {"master": "ADMISSIONS_MASTER_KEYSET", "search": "ADMISSIONS_SEARCH_KEYS"}
_FILES = {"master": "admissions-keyset.json", "search": SEARCH_KEYS}


@dataclass(frozen=True)
class KeptKeys:
    """In the environment file of an installation in containers, or in the secrets folder of a stack."""

    at: Path

    def read(self, which: str) -> str:
        return (self.at / _FILES[which]).read_text() if self.at.is_dir() else self._lines()[_VARIABLES[which]]

    def write(self, which: str, text: str) -> None:
        """As a whole or not at all, readable by its owner only."""
        if self.at.is_dir():
            Secrets(self.at).write(_FILES[which], text)
        else:
            lines = self._lines() | {_VARIABLES[which]: text}
            whole = "".join(f"{name}='{value}'\n" for name, value in lines.items())
            Secrets(self.at.parent).write(self.at.name, whole)

    def _lines(self) -> dict[str, str]:
        pairs = (line.partition("=") for line in self.at.read_text().splitlines() if "=" in line)
        return {name: value.strip("'") for name, _, value in pairs}


@dataclass(frozen=True)
class Progress:
    """What only an older key opens or finds still."""

    keys_to_rewrap: int
    dead_letters_to_outlive: int
    digests_to_fill: int
    digests_to_drop: int

    def needs_the_old(self, which: str) -> bool:
        if which == "search":
            return self.digests_to_fill > 0
        return self.keys_to_rewrap + self.dead_letters_to_outlive > 0


#: Tink begins with 5 bytes that name the key.
_COUNT = """SELECT
  (SELECT count(*) FROM subject_key WHERE substr(wrapped, 1, 5) <> $1),
  (SELECT count(*) FROM dead_letter WHERE substr(sealed, 1, 5) <> $1),
  (SELECT count(*) FROM patient p WHERE erased_at IS NULL AND NOT EXISTS
    (SELECT FROM patient_index i WHERE i.patient_id = p.id AND i.key_number = $2)),
  (SELECT count(*) FROM patient_index WHERE key_number < $2)"""


async def progress(url: str, kept: KeptKeys) -> Progress:
    """Counted in the database of admissions."""
    newest = int(kept.read("search").split(",")[-1].partition(":")[0])
    database = await asyncpg.connect(url)
    try:
        row = await database.fetchrow(_COUNT, MasterKeys(kept.read("master")).current, newest)
    finally:
        await database.close()
    assert row is not None
    return Progress(*row)


async def take_step(url: str, kept: KeptKeys, which: str, step: str) -> None:
    """Writes the keys as the step leaves them. Raises `NotYet`."""
    after = STEPS[which][step](kept.read(which))
    if step == "drop" and (await progress(url, kept)).needs_the_old(which):
        raise NotYet(f"The old {which} key is needed still: wardline keys status tells for how much.")
    kept.write(which, after)
