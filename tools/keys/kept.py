"""Where an installation keeps the keys of admissions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from tools.keys.steps import NoKeys
from tools.stack.secrets import SEARCH_KEYS, Secrets

_VARIABLES = {"master": "ADMISSIONS_MASTER_KEYSET", "search": "ADMISSIONS_SEARCH_KEYS"}
_FILES = {"master": "admissions-keyset.json", "search": SEARCH_KEYS}


@dataclass(frozen=True)
class KeptKeys:
    """In the environment file of an installation in containers, or in the secrets folder of a stack."""

    at: Path

    def read(self, which: str) -> str:
        """Raises `NoKeys`."""
        return self._of_stack(which) if self.at.is_dir() else self._of_installation(which)

    def write(self, which: str, text: str) -> None:
        """As a whole or not at all, readable by its owner only. Raises `NoKeys`."""
        if self.at.is_dir():
            Secrets(self.at).write(_FILES[which], text)
        else:
            file = self.at.resolve()
            Secrets(file.parent).write(file.name, _with(file.read_text(), _VARIABLES[which], text))

    def _of_stack(self, which: str) -> str:
        try:
            return (self.at / _FILES[which]).read_text()
        except FileNotFoundError:
            raise NoKeys(f"There are no keys of a stack in {self.at}: start it once with make run.") from None

    def _of_installation(self, which: str) -> str:
        if not self.at.exists():
            raise NoKeys(f"There is no {self.at}: say --env-file, or start a stack with make run.")
        variable = _VARIABLES[which]
        if text := _values(self.at.read_text()).get(variable):
            return text
        if which == "search":
            raise NoKeys(
                f"{self.at} has no {variable}, as those of before have not. Its search key is the index key: "
                f"add the line {variable}='1:…' with the value of ADMISSIONS_INDEX_KEY after the colon."
            )
        raise NoKeys(f"{self.at} has no {variable}: it is not the file of this installation.")


def _with(lines: str, variable: str, text: str) -> str:
    """These lines, all others untouched, where this variable has this text."""
    line = re.compile(rf"(?m)^[ \t]*(?:export[ \t]+)?{variable}[ \t]*=.*$")
    if [_values(one) for one in line.findall(lines)] != [{variable: _values(lines)[variable]}]:
        raise NoKeys(f"{variable} is not on one line of its own; write it so and try again.")
    return line.sub(f"{variable}='{text}'", lines)


def _values(lines: str) -> Mapping[str, str | None]:
    return dotenv_values(stream=StringIO(lines), interpolate=False)
